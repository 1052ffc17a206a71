-- Give a hold back before its time.
-- KEYS  1 seats  2 expiry  3 people  4 meta  5 hold
-- ARGV  1 account  2 hold id
-- returns 'released' | 'gone' | 'foreign' | the id of the order that the hold is bound to
-- include _free.lua
local hold = redis.call('HMGET', KEYS[5], 'account', 'order')
if not hold[1] then
  return 'gone'
end
if hold[1] ~= ARGV[1] then
  return 'foreign'
end
if hold[2] then
  return hold[2]
end
free_hold(KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], ARGV[2])
return 'released'
