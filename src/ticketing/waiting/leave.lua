-- Give up a place, or end a visit: the slot is free at once, and the place is used. Before the draw it is kept for who
-- left: else whoever leaves and joins again would leave a place in the draw behind each time.
--
-- KEYS  1 meta  2 reg  3 used  4 lease  5 active  6 door  7 seen  8 ended  9 gone
-- ARGV  1 now ms  2 run id  3 subject  4 reason  5 lease id that must be the current one, or '' for whatever there is
--       6 ms by which the visit must have begun, or '' for whatever there is
-- returns 'left' | 'none' | 'rebuilding'
-- include _line.lua
local line = ready(KEYS[1], ARGV[2])
if not line then
  return 'rebuilding'
end
if line.phase == 'closed' then
  return 'none'
end
local subject = ARGV[3]
local index = tonumber(redis.call('HGET', KEYS[2], subject) or 0)
local mine = lease_of(KEYS[4], subject)
if index == 0 or (ARGV[5] ~= '' and (not mine or mine.id ~= ARGV[5])) then
  return 'none'
end
-- After a loss a visit that has ended may be back beside the place that was taken since.
if ARGV[6] ~= '' and (not mine or mine.index ~= index or mine.admitted > tonumber(ARGV[6])) then
  return 'none'
end
if redis.call('SISMEMBER', KEYS[9], subject) == 1 then
  return 'none'
end
if not mine and (line.phase == 'lobby' or line.phase == 'drawing') then
  redis.call('SADD', KEYS[9], subject)
  return 'left'
end
redis.call('HDEL', KEYS[2], subject)
redis.call('SETBIT', KEYS[3], index, 1)
redis.call('HDEL', KEYS[4], subject)
redis.call('ZREM', KEYS[5], subject)
redis.call('ZREM', KEYS[6], subject)
redis.call('ZREM', KEYS[7], subject)
redis.call('RPUSH', KEYS[8], index .. ':' .. subject .. ':' .. ARGV[4] .. ':' .. ARGV[1] .. ':' .. (mine and mine.id or ''))
return 'left'
