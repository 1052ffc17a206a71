-- Bring a line back from the database, in chunks: begin (wipes), places, visits, used, admits, entered, released, end.
--
-- KEYS  1 meta  2 reg  3 fresh  4 used  5 lease  6 active  7 admits  8 entered  9 door  10 seen  11 released  12 ended
--       13 gone  14 status
-- ARGV  1 step  2 run id  3 fence  then, by step:
--   'begin'  now ms; drops everything that is not confirmed by the database, and so who had left before the draw
--   'places' index, subject, …
--   'visits' subject, lease text, expiry ms or 0, admitted ms, position, …
--   'used'   index, subject, …: these places are used; the subject has no place unless it joined again
--   'admits' lease id, admitted ms, …: visits that are over and still count against the rate
--   'entered' lease id, position, …: who came in of the places that were called last
--   'released' ms, serving: so many places had been called by then
--   'end'    now ms, serving, then pairs field, value: state becomes ready
-- returns 'ok' | 'busy' (another leader is at it, or another server answers)
local meta = KEYS[1]
local step = ARGV[1]
if step == 'begin' then
  if tonumber(redis.call('HGET', meta, 'fence') or 0) > tonumber(ARGV[3]) then
    return 'busy'
  end
  redis.call('UNLINK', unpack(KEYS))
  redis.call('HSET', meta, 'state', 'filling', 'run', ARGV[2], 'fence', ARGV[3])
  return 'ok'
end
local about = redis.call('HMGET', meta, 'state', 'run', 'fence')
if about[1] ~= 'filling' or about[2] ~= ARGV[2] or about[3] ~= ARGV[3] then
  return 'busy'
end
if step == 'places' then
  for i = 4, #ARGV, 2 do
    redis.call('HSET', KEYS[2], ARGV[i + 1], ARGV[i])
  end
elseif step == 'visits' then
  for i = 4, #ARGV, 5 do
    redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1])
    if ARGV[i + 2] ~= '0' then
      redis.call('ZADD', KEYS[6], ARGV[i + 2], ARGV[i])
    end
    local id, index = string.match(ARGV[i + 1], '^([^:]+):(%d+)')
    -- Whose join was lost before the draw is not among the places: the visit says where they stand.
    redis.call('HSETNX', KEYS[2], ARGV[i], index)
    redis.call('ZADD', KEYS[7], ARGV[i + 3], id)
    redis.call('ZADD', KEYS[8], ARGV[i + 4], id)
  end
elseif step == 'used' then
  for i = 4, #ARGV, 2 do
    redis.call('SETBIT', KEYS[4], ARGV[i], 1)
    if redis.call('HGET', KEYS[2], ARGV[i + 1]) == ARGV[i] then
      redis.call('HDEL', KEYS[2], ARGV[i + 1])
    end
  end
elseif step == 'admits' then
  for i = 4, #ARGV, 2 do
    redis.call('ZADD', KEYS[7], ARGV[i + 1], ARGV[i])
  end
elseif step == 'entered' then
  for i = 4, #ARGV, 2 do
    redis.call('ZADD', KEYS[8], ARGV[i + 1], ARGV[i])
  end
elseif step == 'released' then
  redis.call('ZADD', KEYS[11], ARGV[4], ARGV[5])
else
  for i = 6, #ARGV, 2 do
    redis.call('HSET', meta, ARGV[i], ARGV[i + 1])
  end
  -- Places called last keep their reservation once more: whose turn it was may be about to come.
  redis.call('ZADD', KEYS[11], ARGV[4], ARGV[5])
  redis.call('HSET', meta, 'state', 'ready')
end
return 'ok'
