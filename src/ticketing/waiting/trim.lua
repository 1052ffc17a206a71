-- The oldest entries of a list are in the database. Only the current leader may say so: a list that was wiped and
-- filled anew by another has other entries at its head.
--
-- KEYS  1 meta  2 the list
-- ARGV  1 run id  2 fence  3 how many
-- returns 'ok' | 'deposed' | 'lost'
-- include _line.lua
if not ready(KEYS[1], ARGV[1]) then
  return 'lost'
end
if tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) ~= tonumber(ARGV[2]) then
  return 'deposed'
end
redis.call('LTRIM', KEYS[2], ARGV[3], -1)
return 'ok'
