-- Remove messages whose work is done, whoever holds them now.
-- KEYS 1 stream   2 due
-- ARGV 1 group, then ids
-- returns how many were removed
local removed = 0
for i = 2, #ARGV do
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  removed = removed + redis.call('XDEL', KEYS[1], ARGV[i])
  redis.call('ZREM', KEYS[2], ARGV[i])
end
return removed
