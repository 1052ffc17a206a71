-- Shared by the scripts (Lua scripts cannot call each other).
-- free_hold(seats, expiry, people, meta, hold_key, hold_id): drops a hold and frees those of its seats that are still
-- its own. Returns how many seats it freed. A hold from before a rebuild owns nothing any more: its seats and its
-- part of the person's count were wiped, and may be somebody else's by now.
local function free_hold(seats, expiry, people, meta, hold_key, hold_id)
  local hold = redis.call('HMGET', hold_key, 'account', 'seats', 'epoch')
  redis.call('ZREM', expiry, hold_id)
  if not hold[1] then
    return 0
  end
  if hold[3] ~= (redis.call('HGET', meta, 'epoch') or '') then
    redis.call('DEL', hold_key)
    return 0
  end
  local freed, total = 0, 0
  for ordinal in string.gmatch(hold[2], '%d+') do
    total = total + 1
    local state = redis.call('GETRANGE', seats, ordinal, ordinal)
    if state == '1' or state == '2' then
      redis.call('SETRANGE', seats, ordinal, '0')
      freed = freed + 1
    end
  end
  if redis.call('HINCRBY', people, hold[1], -total) <= 0 then
    redis.call('HDEL', people, hold[1])
  end
  redis.call('DEL', hold_key)
  if freed > 0 then
    redis.call('HINCRBY', meta, 'version', 1)
  end
  return freed
end

-- sweep(...): frees holds whose time is over, at most `limit` of them, so that the work stays bounded.
local function sweep(seats, expiry, people, meta, hold_prefix, now, limit)
  local over = redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, limit)
  for _, hold_id in ipairs(over) do
    free_hold(seats, expiry, people, meta, hold_prefix .. hold_id, hold_id)
  end
  return #over
end
