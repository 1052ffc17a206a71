-- KEYS 1 stream   2 due   3 dead letters
-- returns {now ms, messages, of those invisible, dead letters, oldest id or ''}
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
return {
  now,
  redis.call('XLEN', KEYS[1]),
  redis.call('ZCOUNT', KEYS[2], '(' .. string.format('%.0f', now), '+inf'),
  redis.call('XLEN', KEYS[3]),
  oldest and oldest[1] or '',
}
