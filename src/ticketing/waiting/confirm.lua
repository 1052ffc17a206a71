-- The database knows of this visit: it lasts from now on until it is idle.
--
-- KEYS  1 meta  2 lease  3 active
-- ARGV  1 now ms  2 run id  3 subject  4 lease id  5 idle ms  6 at least until ms (a hold's end), or 0
-- returns 'ok' | 'gone' (not inside, or no slot is free any more) | 'rebuilding'
-- include _line.lua
local line = ready(KEYS[1], ARGV[2])
if not line then
  return 'rebuilding'
end
local now, subject = no_earlier(KEYS[1], line, tonumber(ARGV[1])), ARGV[3]
local mine = lease_of(KEYS[2], subject)
if not mine or mine.id ~= ARGV[4] or now >= mine.ends then
  return 'gone'
end
local expiry = tonumber(redis.call('ZSCORE', KEYS[3], subject) or 0)
if expiry <= now then
  -- It took too long, and the slot may be somebody else's by now. Not there at all: the leader wrote that it ended.
  if mine.state ~= 'p' or expiry == 0 or redis.call('ZCOUNT', KEYS[3], '(' .. now, '+inf') >= line.cap then
    return 'gone'
  end
end
if mine.state == 'p' then
  mine.state = 'c'
  keep_lease(KEYS[2], subject, mine)
end
local until_ms = math.min(math.max(now + tonumber(ARGV[5]), tonumber(ARGV[6])), mine.ends)
redis.call('ZADD', KEYS[3], math.max(until_ms, expiry), subject)
return 'ok'
