-- Bind a hold to an order and stretch it once, to cover payment. Retried with the same order it says so.
-- A hold that Valkey lost (its token carries another epoch) is taken again if its seats are free.
-- KEYS  1 seats  2 expiry  3 people  4 meta  5 hold  6 order (its fingerprint)
-- ARGV  1 now ms  2 account  3 hold id  4 order id  5 fingerprint  6 expires at ms, stretched  7 token epoch
--       8 token expires at ms  9 hold key prefix  10 how long to remember the order, seconds  11... ordinals
-- returns {'claimed'} | {'again'} | {'reused'} (same key, other content) | {'ordered', order id} | {'gone'}
--       | {'taken', ordinal...}
-- include _free.lua
local seats, expiry, people, meta, hold_key, order_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local known = redis.call('GET', order_key)
if known then
  return {known == ARGV[5] and 'again' or 'reused'}
end
sweep(seats, expiry, people, meta, ARGV[9], ARGV[1], 8)
if tonumber(ARGV[8]) <= tonumber(ARGV[1]) then
  return {'gone'}
end

local about = redis.call('HMGET', meta, 'epoch', 'state')
local hold = redis.call('HMGET', hold_key, 'account', 'order', 'epoch')
if hold[1] and hold[3] ~= (about[1] or '') then
  -- It belongs to seats that a rebuild has wiped since.
  hold = {}
end
if hold[2] and hold[2] ~= ARGV[4] then
  return {'ordered', hold[2]}
end
if hold[1] and hold[1] ~= ARGV[2] then
  return {'gone'}
end
if not hold[1] and about[1] == ARGV[7] and about[2] == 'ready' then
  return {'gone'}
end
local taken = {'taken'}
for i = 11, #ARGV do
  local state = redis.call('GETRANGE', seats, ARGV[i], ARGV[i])
  -- An empty answer means that nothing is rebuilt yet: the database will judge. It has already judged a seat that is
  -- sold, though a hold be on it: one that was given between a loss of Valkey and the news of that sale.
  if state == '3' or (not hold[1] and state ~= '0' and state ~= '') then
    taken[#taken + 1] = ARGV[i]
  end
end
if #taken > 1 then
  return taken
end
if not hold[1] then
  redis.call('HSET', hold_key, 'account', ARGV[2], 'seats', table.concat(ARGV, ',', 11), 'epoch', about[1] or '')
  redis.call('HINCRBY', people, ARGV[2], #ARGV - 10)
end

for i = 11, #ARGV do
  if redis.call('GETRANGE', seats, ARGV[i], ARGV[i]) ~= '' then
    redis.call('SETRANGE', seats, ARGV[i], '2')
  end
end
redis.call('HSET', hold_key, 'order', ARGV[4], 'expires', ARGV[6])
redis.call('PEXPIREAT', hold_key, ARGV[6] + 3600000)
redis.call('ZADD', expiry, ARGV[6], ARGV[3])
redis.call('SET', order_key, ARGV[5], 'EX', ARGV[10])
redis.call('HINCRBY', meta, 'version', 1)
return {'claimed'}
