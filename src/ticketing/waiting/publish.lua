-- The leader writes what it decided: only forward, and only while no later leader was here.
--
-- KEYS  1 meta  2 released  3 status
-- ARGV  1 now ms  2 run id  3 fence  4 serving  5 limit  6 status text or ''  then pairs: field, value (phase, n, cap, …)
-- returns 'ok' | 'deposed' | 'lost'
-- include _line.lua
local line = ready(KEYS[1], ARGV[2])
if not line then
  return 'lost'
end
if tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) > tonumber(ARGV[3]) then
  return 'deposed'
end
local serving = tonumber(ARGV[4])
if serving > line.serving then
  redis.call('HSET', KEYS[1], 'serving', serving)
  redis.call('ZADD', KEYS[2], ARGV[1], serving)
end
if tonumber(ARGV[5]) > line.limit then
  redis.call('HSET', KEYS[1], 'limit', ARGV[5])
end
for i = 7, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
if ARGV[6] ~= '' then
  redis.call('SET', KEYS[3], ARGV[6], 'KEEPTTL')
end
return 'ok'
