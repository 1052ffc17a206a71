-- Rebuild an event's seats from the database, in two steps around the reading of it.
-- KEYS  1 seats  2 meta  3 bought  4 expiry  5 people
-- ARGV  1 'begin': 2 new epoch, 3 lease ms, 4 now ms, 5 capacity
--         returns 'begun' | 'ready' (nothing to do) | 'busy' (somebody else is at it)
--       1 'end': 2 epoch, 3 number of sold ordinals, then those, then pairs account, seats bought
--         returns 'ready' | 'lost' (another rebuild took over)
-- Between the two, sync.lua already marks what is sold meanwhile, so that no commit falls through.
local about = redis.call('HMGET', KEYS[2], 'epoch', 'state', 'lease', 'version')
if ARGV[1] == 'begin' then
  if about[2] == 'ready' and redis.call('STRLEN', KEYS[1]) == tonumber(ARGV[5]) then
    return 'ready'
  end
  if about[2] == 'rebuilding' and tonumber(about[3]) > tonumber(ARGV[4]) then
    return 'busy'
  end
  redis.call('DEL', KEYS[3], KEYS[4], KEYS[5])
  redis.call('SET', KEYS[1], string.rep('0', tonumber(ARGV[5])))
  redis.call('HSET', KEYS[2], 'epoch', ARGV[2], 'state', 'rebuilding', 'lease', tonumber(ARGV[4]) + tonumber(ARGV[3]))
  -- The counter goes on from the clock, for it may be lost too: a version that comes again would pass for the seats
  -- that somebody saw under it before.
  local version = math.max(tonumber(about[4] or 0), tonumber(ARGV[4])) + 1
  redis.call('HSET', KEYS[2], 'version', string.format('%.0f', version))
  return 'begun'
end
if about[1] ~= ARGV[2] then
  return 'lost'
end
local sold = tonumber(ARGV[3])
for i = 4, 3 + sold do
  redis.call('SETRANGE', KEYS[1], ARGV[i], '3')
end
for i = 4 + sold, #ARGV, 2 do
  -- What sync.lua has written meanwhile is newer than what was read.
  redis.call('HSETNX', KEYS[3], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[2], 'state', 'ready')
redis.call('HINCRBY', KEYS[2], 'version', 1)
return 'ready'
