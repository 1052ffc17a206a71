-- T-0: registration closes and N is frozen, in one step. Whoever joins from here on stands behind the cohort.
--
-- KEYS  1 meta
-- ARGV  1 run id  2 fence
-- returns {'frozen', n} (the same n when it was done before) | {'lost'} | {'deposed'}
-- include _line.lua
local line = ready(KEYS[1], ARGV[1])
if not line then
  return {'lost'}
end
if tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) > tonumber(ARGV[2]) then
  return {'deposed'}
end
if line.phase == 'drawing' then
  return {'frozen', line.n}
end
redis.call('HSET', KEYS[1], 'phase', 'drawing', 'n', line.seq)
return {'frozen', line.seq}
