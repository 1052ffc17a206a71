-- The leader's look at a line, once a second: ends what is over, counts what is there.
--
-- KEYS  1 meta  2 reg  3 fresh  4 used  5 lease  6 active  7 admits  8 entered  9 door  10 seen  11 released  12 ended
-- ARGV  1 now ms  2 run id  3 epoch  4 fence  5 reservation ms  6 keep a place at the door for ms
-- returns {'lost'} (fill it from the database) | {'deposed'} (another leader was here) | {'line', phase, seq, limit,
--         serving, inside, recent, unclaimed, at the door, refused calls, unsaved joins, unsaved endings, places
--         called within a minute, health, pressure, places called before the reservation time, holes}
-- include _line.lua
local meta, reg, used, lease, active = KEYS[1], KEYS[2], KEYS[4], KEYS[5], KEYS[6]
local admits, entered, door, seen, released = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local now, fence = tonumber(ARGV[1]), tonumber(ARGV[4])

local line = ready(meta, ARGV[2])
if not line or line.epoch ~= ARGV[3] then
  return {'lost'}
end
if tonumber(redis.call('HGET', meta, 'fence') or 0) > fence then
  return {'deposed'}
end
redis.call('HSET', meta, 'fence', fence)

for _, subject in ipairs(redis.call('ZRANGEBYSCORE', active, '-inf', now, 'LIMIT', 0, 2000)) do
  redis.call('ZREM', active, subject)
  local mine = lease_of(lease, subject)
  if mine then
    local over = now >= mine.ends
    if over then
      redis.call('HDEL', lease, subject)
      redis.call('SETBIT', used, mine.index, 1)
      if tonumber(redis.call('HGET', reg, subject) or 0) == mine.index then
        redis.call('HDEL', reg, subject)
      end
    end
    redis.call('RPUSH', KEYS[12], mine.index .. ':' .. subject .. ':' .. (over and 'limit' or 'idle') .. ':' .. now
      .. ':' .. mine.id)
  end
end
redis.call('ZREMRANGEBYSCORE', admits, '-inf', now - 60000)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - tonumber(ARGV[6]), 'LIMIT', 0, 2000)) do
  redis.call('ZREM', seen, gone)
  redis.call('ZREM', door, gone)
end

-- Places released within the reservation time, up to the last index given out, less those who came in.
local since = now - tonumber(ARGV[5])
local old = tonumber(redis.call('ZREVRANGEBYSCORE', released, since, '-inf', 'LIMIT', 0, 1)[1] or 0)
redis.call('ZREMRANGEBYSCORE', entered, '-inf', old)
local upto = math.min(line.serving, line.seq)
local unclaimed = math.max(0, upto - old) - redis.call('ZCOUNT', entered, '(' .. old, upto)
-- Someone of them who waits at the door is counted there.
unclaimed = math.max(0, unclaimed - redis.call('ZCOUNT', door, '(' .. old, upto))

-- How far the line moved within a minute: what an honest estimate is made of. In its first minute it counts from the
-- places that were called within the first five seconds: those filled an empty house, and the line never moves like that
-- again.
local begin = redis.call('ZREVRANGEBYSCORE', released, now - 60000, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
local level = tonumber(begin[1] or redis.call('HGET', meta, 'level') or 0)
if level == 0 then
  -- What a refill began with is there as 0.
  local first = redis.call('ZRANGE', released, 0, 1, 'WITHSCORES')
  local at = first[1] == '0' and first[4] or first[2]
  level = at and tonumber(redis.call('ZREVRANGEBYSCORE', released, at + 5000, '-inf', 'LIMIT', 0, 1)[1]) or 0
end
local moved = math.max(0, upto - level)
-- The level that the minute began with stays, however long ago it was reached: a line may stand still for hours.
if begin[2] then
  redis.call('ZREMRANGEBYSCORE', released, '-inf', '(' .. begin[2])
end

local refused = tonumber(redis.call('HGET', meta, 'refused') or 0)
if refused > 0 then
  redis.call('HSET', meta, 'refused', 0)
end
return {'line', line.phase, line.seq, line.limit, line.serving, redis.call('ZCARD', active), redis.call('ZCARD', admits),
  unclaimed, redis.call('ZCARD', door), refused, redis.call('LLEN', KEYS[3]), redis.call('LLEN', KEYS[12]), moved,
  redis.call('HGET', meta, 'health') or '1', redis.call('HGET', meta, 'pressure') or '', old,
  redis.call('HGET', meta, 'holes') or ''}
