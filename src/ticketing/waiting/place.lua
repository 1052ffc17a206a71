-- Where an account stands, without changing anything.
--
-- KEYS  1 meta  2 reg  3 lease  4 active  5 gone
-- ARGV  1 now ms  2 run id  3 subject
-- returns {'place', index or 0, phase, serving, seq, lease id or '', admitted ms, ends ms} | {'rebuilding'}
--         the lease only while it is live
-- include _line.lua
local line = ready(KEYS[1], ARGV[2])
if not line then
  return {'rebuilding'}
end
local index = tonumber(redis.call('HGET', KEYS[2], ARGV[3]) or 0)
if redis.call('SISMEMBER', KEYS[5], ARGV[3]) == 1 then
  index = 0
end
local mine = lease_of(KEYS[3], ARGV[3])
if mine and tonumber(redis.call('ZSCORE', KEYS[4], ARGV[3]) or 0) > tonumber(ARGV[1]) and mine.index == index then
  return {'place', index, line.phase, line.serving, line.seq, mine.id, mine.admitted, mine.ends}
end
return {'place', index, line.phase, line.serving, line.seq, '', 0, 0}
