-- Set seats to what the database says. A seat that is not sold becomes free only from `sold`: holds stay.
-- KEYS  1 seats  2 meta
-- ARGV  1 number of sold ordinals, then those; then the ordinals that are not sold
-- returns how many bytes it changed
local changed, sold = 0, tonumber(ARGV[1])
for i = 2, #ARGV do
  local state = redis.call('GETRANGE', KEYS[1], ARGV[i], ARGV[i])
  local want = i <= 1 + sold and '3' or (state == '3' and '0' or state)
  if state ~= '' and state ~= want then
    redis.call('SETRANGE', KEYS[1], ARGV[i], want)
    changed = changed + 1
  end
end
if changed > 0 then
  redis.call('HINCRBY', KEYS[2], 'version', 1)
end
return changed
