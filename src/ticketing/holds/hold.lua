-- Hold seats, all or none. One call is the whole decision.
--
-- KEYS  1 seats     string, one byte per seat by ordinal: 0 free, 1 held, 2 ordered, 3 sold, 4 blocked
--       2 expiry    sorted set hold id -> expiry (ms)
--       3 people    hash account -> seats in live holds
--       4 bought    hash account -> seats bought
--       5 meta      hash: epoch, state, version
--       6 rate      counter of this account's calls in the current window
--       7 hold      hash of the new hold
--       8 mine      set of this account's hold ids (some may be over; readers tidy up)
-- ARGV  1 now ms   2 expires at ms   3 account   4 cap per person   5 hold id   6 hold key prefix
--       7 calls per window   8 window ms   9 how to choose: 'groups' or 'range'
--       groups: 10 seats per group, then the ordinals of one or more groups in order of preference
--       range:  10 quantity, 11 first ordinal, 12 last ordinal (any free places in it)
-- returns {'held', epoch, ordinal...} | {'taken', ordinal...} (the lost seats of the only group)
--       | {'none'} (no group or range has them) | {'limit', seats already counted} | {'rate', ms to wait}
--       | {'rebuilding'} | {'again', epoch, expiry, ordinal...} (this hold id exists already)
-- include _free.lua
local seats, expiry, people, bought, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, expires, account, cap, hold_id = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]

local about = redis.call('HMGET', meta, 'epoch', 'state')
if about[2] ~= 'ready' then
  return {'rebuilding'}
end

local calls = redis.call('INCR', KEYS[6])
if calls == 1 then
  redis.call('PEXPIRE', KEYS[6], ARGV[8])
end
if calls > tonumber(ARGV[7]) then
  return {'rate', redis.call('PTTL', KEYS[6])}
end

sweep(seats, expiry, people, meta, ARGV[6], now, 8)

local existing = redis.call('HMGET', KEYS[7], 'seats', 'expires')
if existing[1] then
  local answer = {'again', about[1], existing[2]}
  for ordinal in string.gmatch(existing[1], '%d+') do
    answer[#answer + 1] = ordinal
  end
  return answer
end

local wanted = tonumber(ARGV[10])
local counted = tonumber(redis.call('HGET', people, account) or 0) + tonumber(redis.call('HGET', bought, account) or 0)
if counted + wanted > cap then
  return {'limit', counted}
end

local chosen
if ARGV[9] == 'range' then
  local first = tonumber(ARGV[11])
  local places = redis.call('GETRANGE', seats, first, ARGV[12])
  chosen = {}
  local at = 1
  while #chosen < wanted do
    at = string.find(places, '0', at, true)
    if not at then
      return {'none'}
    end
    chosen[#chosen + 1] = tostring(first + at - 1)
    at = at + 1
  end
else
  local only_one = #ARGV == 10 + wanted
  for start = 11, #ARGV, wanted do
    local group, taken = {}, {'taken'}
    for i = start, start + wanted - 1 do
      if redis.call('GETRANGE', seats, ARGV[i], ARGV[i]) == '0' then
        group[#group + 1] = ARGV[i]
      else
        taken[#taken + 1] = ARGV[i]
        if not only_one then
          break
        end
      end
    end
    if #group == wanted then
      chosen = group
      break
    end
    if only_one then
      return taken
    end
  end
  if not chosen then
    return {'none'}
  end
end

for _, ordinal in ipairs(chosen) do
  redis.call('SETRANGE', seats, ordinal, '1')
end
redis.call('HSET', KEYS[7], 'account', account, 'seats', table.concat(chosen, ','), 'expires', expires, 'epoch', about[1])
-- A hold that a rebuild orphaned must not stay for ever.
redis.call('PEXPIREAT', KEYS[7], expires + 3600000)
redis.call('SADD', KEYS[8], hold_id)
redis.call('PEXPIREAT', KEYS[8], expires + 3600000)
redis.call('ZADD', expiry, expires, hold_id)
redis.call('HINCRBY', people, account, wanted)
redis.call('HINCRBY', meta, 'version', 1)
table.insert(chosen, 1, 'held')
table.insert(chosen, 2, about[1])
return chosen
