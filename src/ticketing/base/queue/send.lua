-- Append messages; all or none (a server short of memory refuses the script at its first write).
-- KEYS 1 stream
-- ARGV bodies
-- returns how many were appended
for _, body in ipairs(ARGV) do
  redis.call('XADD', KEYS[1], '*', 'b', body)
end
return #ARGV
