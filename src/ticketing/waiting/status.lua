-- The leader's last word, unless Valkey may have forgotten a later one.
--
-- KEYS  1 meta  2 status
-- ARGV  1 run id
-- returns the status text, or nil
-- include _line.lua
return ready(KEYS[1], ARGV[1]) and redis.call('GET', KEYS[2])
