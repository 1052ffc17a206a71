-- Free holds whose time is over, for events on which nobody happens to call.
-- KEYS  1 seats  2 expiry  3 people  4 meta
-- ARGV  1 now ms  2 hold key prefix  3 at most this many
-- returns how many holds ended
-- include _free.lua
return sweep(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[2], ARGV[1], ARGV[3])
