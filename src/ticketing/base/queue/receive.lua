-- Take messages: first those whose visibility ended, then fresh ones. Exhausted ones move to the dead letters.
-- KEYS 1 stream   2 due: sorted set, id -> instant it is visible again (ms)   3 dead letters (stream)
-- ARGV 1 group   2 consumer   3 most messages   4 visibility (ms)   5 most attempts   6 sweep cursor
-- returns {now ms, earliest due ms or -1, last id of the stream, next sweep cursor, id, body, attempt, id, body, ...}
-- Work is bounded by the number of messages asked for, the sweep by XAUTOCLAIM's 10 x COUNT.
local stream, due, dead = KEYS[1], KEYS[2], KEYS[3]
local group, consumer = ARGV[1], ARGV[2]
local most, visibility, attempts = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local out = {now, -1, '0-0', ARGV[6]}
local taken = 0

local function take(id, body, attempt)
  redis.call('ZADD', due, now + visibility, id)
  out[#out + 1] = id
  out[#out + 1] = body
  out[#out + 1] = attempt
  taken = taken + 1
end

local function bury(id, count)
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if entry then
    redis.call('XADD', dead, '*', 'b', entry[2][2], 'i', id, 'n', count)
  end
  redis.call('XACK', stream, group, id)
  redis.call('XDEL', stream, id)
  redis.call('ZREM', due, id)
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, most)) do
  -- pcall: without the group (a server that lost its data, or was cleaned by hand) nothing is pending
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  local count = not pending.err and pending[1] and pending[1][4]
  if not count then
    redis.call('ZREM', due, id)
  elseif count >= attempts then
    bury(id, count)
  else
    local entry = redis.call('XCLAIM', stream, group, consumer, 0, id)[1]
    if entry then
      take(id, entry[2][2], count + 1)
    else
      redis.call('ZREM', due, id)
    end
  end
end

if taken < most then
  local read = {'XREADGROUP', 'GROUP', group, consumer, 'COUNT', most - taken, 'STREAMS', stream, '>'}
  local answer = redis.pcall(unpack(read))
  if answer and answer.err then
    if not string.find(answer.err, 'NOGROUP', 1, true) then
      return answer
    end
    -- from 0: messages may have been sent before the first receive
    redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
    answer = redis.call(unpack(read))
  end
  for _, entry in ipairs(answer and answer[1][2] or {}) do
    take(entry[1], entry[2][2], 1)
  end
end

if taken == 0 then
  -- Nothing to do: give entries that are pending without a due time (read by another tool) one, so that they come.
  local swept = redis.call('XAUTOCLAIM', stream, group, consumer, visibility, ARGV[6], 'COUNT', 100, 'JUSTID')
  out[4] = swept[1]
  for _, id in ipairs(swept[2]) do
    redis.call('ZADD', due, 'NX', now, id)
  end
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      out[3] = info[i + 1]
    end
  end
  local earliest = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
  if earliest[2] then
    out[2] = tonumber(earliest[2])
  end
end
return out
