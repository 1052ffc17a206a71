-- Set when messages are visible again: release and heartbeat. Only the latest delivery of a message may.
-- KEYS 1 stream   2 due
-- ARGV 1 group   2 delay (ms), then id, attempt, id, attempt, ...
-- returns how many were set
local clock = redis.call('TIME')
local at = clock[1] * 1000 + math.floor(clock[2] / 1000) + tonumber(ARGV[2])
local set = 0
for i = 3, #ARGV, 2 do
  -- pcall: without the group nothing is pending
  local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)
  if not pending.err and pending[1] and pending[1][4] == tonumber(ARGV[i + 1]) then
    redis.call('ZADD', KEYS[2], at, ARGV[i])
    set = set + 1
  end
end
return set
