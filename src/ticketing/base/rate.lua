-- Token bucket. One bucket = one key, refilled by elapsed time; it forgets itself when full again.
-- KEYS[1] bucket
-- ARGV[1] now ms, [2] capacity, [3] tokens per second, [4] cost
-- returns 0 when allowed, else the milliseconds until `cost` tokens are there
local now, capacity, rate, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local state = redis.call('HMGET', KEYS[1], 't', 'n')
local tokens = capacity
if state[1] then
  tokens = math.min(capacity, tonumber(state[2]) + math.max(0, now - tonumber(state[1])) * rate / 1000)
end
if tokens < cost then
  return math.ceil((cost - tokens) * 1000 / rate)
end
tokens = tokens - cost
-- Never back: a clock that is behind would have the time in between counted twice.
redis.call('HSET', KEYS[1], 't', math.max(now, tonumber(state[1] or 0)), 'n', tokens)
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - tokens) * 1000 / rate) + 1000)
return 0
