-- A place in line: the same one for every call of an account. One call is the whole decision.
--
-- KEYS  1 meta  2 reg  3 fresh  4 used  5 counter of this subject's calls  6 gone
--       7 counter of the new indexes of this subject
-- ARGV  1 now ms  2 run id  3 subject  4 epoch
--       5 index of a genuine ticket of this subject, or 0: a place that Valkey has lost is taken back
--       6 1 if the toll was paid: nobody gets a new index without
-- returns {'place', index, 1 if new, phase, serving, seq} | {'early'} | {'over', why} | {'block'} | {'rebuilding'}
--       | {'rate', ms to wait} | {'used'} (the ticket's place) | {'toll'} (not paid)
-- include _line.lua
local meta, reg, fresh, used = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local given, most, within = KEYS[7], 10, 3600000
local now, subject, held = ARGV[1], ARGV[3], tonumber(ARGV[5])

local line = ready(meta, ARGV[2])
if not line or line.epoch ~= ARGV[4] then
  return {'rebuilding'}
end
local wait = too_fast(KEYS[5], meta)
if wait then
  return {'rate', wait}
end

local index = redis.call('HGET', reg, subject)
if index then
  redis.call('SREM', KEYS[6], subject)
  return {'place', tonumber(index), 0, line.phase, line.serving, line.seq}
end
if held > 0 and line.phase ~= 'closed' then
  if redis.call('GETBIT', used, held) == 1 then
    return {'used'}
  end
  redis.call('HSET', reg, subject, held)
  redis.call('RPUSH', fresh, held .. ':' .. subject .. ':' .. now)
  return {'place', held, 0, line.phase, line.serving, line.seq}
end
if line.phase == 'announced' then
  return {'early'}
elseif line.phase == 'closed' or line.phase == 'sold_out' then
  return {'over', line.phase}
elseif line.draining then
  return {'over', 'draining'}
elseif tonumber(redis.call('GET', given) or 0) >= most then
  redis.call('HINCRBY', meta, 'refused', 1)
  return {'rate', math.max(1, redis.call('PTTL', given))}
elseif ARGV[6] ~= '1' then
  return {'toll'}
elseif line.seq >= line.limit then
  return {'block'}
end
if redis.call('INCR', given) == 1 then
  redis.call('PEXPIRE', given, within)
end
index = redis.call('HINCRBY', meta, 'seq', 1)
redis.call('HSET', reg, subject, index)
redis.call('RPUSH', fresh, index .. ':' .. subject .. ':' .. now)
return {'place', index, 1, line.phase, line.serving, index}
