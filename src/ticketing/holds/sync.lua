-- Carry the database's truth about some seats into Valkey, and drop the hold that led to it.
-- KEYS  1 seats  2 expiry  3 people  4 bought  5 meta  6 hold
-- ARGV  1 account  2 seats the account has bought, by the database  3 hold id
--       4 number of sold ordinals, then those; then the ordinals that are not sold (free unless somebody holds them)
-- returns how many bytes it changed. Safe to repeat.
-- include _free.lua
local changed = 0
free_hold(KEYS[1], KEYS[2], KEYS[3], KEYS[5], KEYS[6], ARGV[3])
local sold = tonumber(ARGV[4])
for i = 5, #ARGV do
  local state = redis.call('GETRANGE', KEYS[1], ARGV[i], ARGV[i])
  if state ~= '' then
    if i <= 4 + sold then
      if state ~= '3' then
        redis.call('SETRANGE', KEYS[1], ARGV[i], '3')
        changed = changed + 1
      end
    elseif state == '3' then
      redis.call('SETRANGE', KEYS[1], ARGV[i], '0')
      changed = changed + 1
    end
  end
end
if tonumber(ARGV[2]) > 0 or redis.call('HGET', KEYS[5], 'state') == 'rebuilding' then
  -- While a rebuild is under way a 0 counts too: the rebuild may have read an older number.
  redis.call('HSET', KEYS[4], ARGV[1], ARGV[2])
else
  redis.call('HDEL', KEYS[4], ARGV[1])
end
if changed > 0 then
  redis.call('HINCRBY', KEYS[5], 'version', 1)
end
return changed
