-- Put an event's holds right, in one step that no buyer can come between. Never frees a seat that a hold owns.
-- KEYS  1 seats  2 expiry  3 people  4 meta
-- ARGV  1 epoch that the caller saw   2 hold key prefix
--       3 number of ordinals that seemed grey, then those
--       then the number of accounts to count anew, then those
--       then the number of holds that seemed to have no end, then those
-- returns {seats freed, seats taken back for their hold, accounts corrected, holds given an end},
--       or {-1} when Valkey was rebuilt meanwhile: nothing that was seen is true any more.
-- Work: one HMGET per live hold of the event. It runs only when something is wrong and somebody asked to mend it.
local seats, expiry, people, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local about = redis.call('HMGET', meta, 'epoch', 'state')
if about[1] ~= ARGV[1] or about[2] ~= 'ready' then
  return {-1}
end

local at = 3
local function list()
  local items = {}
  local n = tonumber(ARGV[at])
  for i = at + 1, at + n do
    items[#items + 1] = ARGV[i]
  end
  at = at + n + 1
  return items
end
local grey, accounts, endless = list(), list(), list()

local ended = 0
for _, hold_id in ipairs(endless) do
  local hold = redis.call('HMGET', ARGV[2] .. hold_id, 'expires', 'epoch')
  if hold[1] and hold[2] == about[1] then
    ended = ended + redis.call('ZADD', expiry, 'NX', hold[1], hold_id)
  end
end

local owned, counted, taken = {}, {}, 0
for _, hold_id in ipairs(redis.call('ZRANGE', expiry, 0, -1)) do
  local hold = redis.call('HMGET', ARGV[2] .. hold_id, 'account', 'seats', 'order')
  if hold[1] then
    for ordinal in string.gmatch(hold[2], '%d+') do
      owned[ordinal] = true
      counted[hold[1]] = (counted[hold[1]] or 0) + 1
      if redis.call('GETRANGE', seats, ordinal, ordinal) == '0' then
        redis.call('SETRANGE', seats, ordinal, hold[3] and '2' or '1')
        taken = taken + 1
      end
    end
  end
end

local freed = 0
for _, ordinal in ipairs(grey) do
  local state = redis.call('GETRANGE', seats, ordinal, ordinal)
  if not owned[ordinal] and (state == '1' or state == '2') then
    redis.call('SETRANGE', seats, ordinal, '0')
    freed = freed + 1
  end
end

local corrected = 0
for _, account in ipairs(accounts) do
  local n = counted[account] or 0
  if tonumber(redis.call('HGET', people, account) or 0) ~= n then
    if n > 0 then
      redis.call('HSET', people, account, n)
    else
      redis.call('HDEL', people, account)
    end
    corrected = corrected + 1
  end
end

if freed + taken > 0 then
  redis.call('HINCRBY', meta, 'version', 1)
end
return {freed, taken, corrected, ended}
