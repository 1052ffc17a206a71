-- The only door. Cap, rate and order are judged here and nowhere else.
--
-- KEYS  1 meta  2 reg  3 fresh  4 used  5 counter of this subject's calls
--       6 lease  7 active  8 admits  9 entered  10 door  11 seen  12 gone
-- ARGV  1 now ms  2 run id  3 subject  4 epoch  5 index  6 position
--       7 lease id to give  8 idle ms  9 hard ms  10 pending ms  11 keep a place at the door for ms
-- returns {'in', lease id, index, admitted ms, ends ms, 1 if pending} | {'wait', serving} | {'full', serving, why}
--       | {'none'} | {'other', index} | {'used'} | {'over', phase} | {'early'} | {'rebuilding'} | {'rate', ms}
-- include _line.lua
local meta, reg, fresh, used = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local lease, active, admits, entered, door, seen = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local now, subject, index, position = tonumber(ARGV[1]), ARGV[3], tonumber(ARGV[5]), tonumber(ARGV[6])
local idle, hard = tonumber(ARGV[8]), tonumber(ARGV[9])

local line = ready(meta, ARGV[2])
if not line or line.epoch ~= ARGV[4] then
  return {'rebuilding'}
end
now = no_earlier(meta, line, now)
local wait = too_fast(KEYS[5], meta)
if wait then
  return {'rate', wait}
end

local known = tonumber(redis.call('HGET', reg, subject) or 0)
if known == 0 then
  if line.phase == 'closed' then
    return {'over', line.phase}
  end
  -- The ticket was verified: Valkey has lost this place, and gets it back.
  if redis.call('GETBIT', used, index) == 1 then
    return {'used'}
  end
  redis.call('HSET', reg, subject, index)
  redis.call('RPUSH', fresh, index .. ':' .. subject .. ':' .. now)
elseif known ~= index then
  return {'other', known}
end
-- Whoever comes for the place has come back to it.
redis.call('SREM', KEYS[12], subject)

local mine = lease_of(lease, subject)
if mine and mine.index ~= index then
  mine = nil
end
if mine and now >= mine.ends then
  -- Still counted as inside: the leader ends it within a second, and writes it down. Idle before: that was written.
  if not redis.call('ZSCORE', active, subject) then
    redis.call('HDEL', lease, subject)
    redis.call('HDEL', reg, subject)
    redis.call('SETBIT', used, index, 1)
  end
  return {'used'}
end
if mine and tonumber(redis.call('ZSCORE', active, subject) or 0) > now then
  if mine.state == 'c' then
    redis.call('ZADD', active, 'GT', math.min(now + idle, mine.ends), subject)
  end
  return {'in', mine.id, index, mine.admitted, mine.ends, mine.state == 'p' and 1 or 0}
end

if line.phase == 'closed' or line.phase == 'sold_out' then
  return {'over', line.phase}
elseif line.phase ~= 'open' then
  return {'early'}
elseif position > line.serving then
  return {'wait', line.serving}
end

redis.call('ZREMRANGEBYSCORE', admits, '-inf', now - 60000)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - tonumber(ARGV[11]), 'LIMIT', 0, 50)) do
  redis.call('ZREM', seen, gone)
  redis.call('ZREM', door, gone)
end
local slots = line.cap - redis.call('ZCOUNT', active, '(' .. now, '+inf')
-- Who comes back within the same visit was counted against the rate already.
local budget = mine and slots or math.min(slots, line.rate - redis.call('ZCARD', admits))
-- Whoever stands before this one at the door goes first.
local before = redis.call('ZCOUNT', door, '-inf', '(' .. position)
if line.paused or budget - before <= 0 then
  redis.call('ZADD', door, position, subject)
  redis.call('ZADD', seen, now, subject)
  return {'full', line.serving, line.paused and 'paused' or 'full'}
end

if mine then
  mine.state = 'p'
else
  mine = {id = ARGV[7], index = index, position = position, admitted = now, ends = now + hard, state = 'p'}
  redis.call('ZADD', admits, now, mine.id)
  redis.call('ZADD', entered, position, mine.id)
end
keep_lease(lease, subject, mine)
-- If the process that asks dies before the database knows, the slot is free again in a moment.
redis.call('ZADD', active, now + tonumber(ARGV[10]), subject)
redis.call('ZREM', door, subject)
redis.call('ZREM', seen, subject)
return {'in', mine.id, index, mine.admitted, mine.ends, 1}
