-- Send dead letters again, oldest first, as new messages.
-- KEYS 1 stream   2 dead letters
-- ARGV 1 most messages
-- returns how many
local letters = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[1])
for _, letter in ipairs(letters) do
  redis.call('XADD', KEYS[1], '*', 'b', letter[2][2])
  redis.call('XDEL', KEYS[2], letter[1])
end
return #letters
