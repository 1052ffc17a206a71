-- Shared by the line's scripts (Lua scripts cannot call each other).
-- All keys of an event begin with "w:{event}:", so that they live on one shard.
--   meta     hash: state, run (server's run id), epoch, phase, n, seq, limit, serving, cap, rate, paused, draining, fence,
--            level (`serving` as the last refill brought it), holes ("first-last,…" indexes that nobody holds),
--            judged (ms of the latest claim)
--   reg      hash subject -> index
--   fresh    list "index:subject:joined ms" not yet in the database
--   lease    hash subject -> "lease id:index:position:admitted ms:ends ms:state" (state p pending, c confirmed)
--   active   sorted set subject -> expiry ms: who is inside, counted against the cap
--   admits   sorted set lease id -> ms of admission: the last 60 s, counted against the rate
--   entered  sorted set lease id -> position: who of the places just released has come in
--   door     sorted set subject -> position, seen: sorted set subject -> ms: told to wait a moment
--   released sorted set "serving" -> ms of release
--   used     bitmap by index: places that were used or given up
--   gone     set of subjects who left before the draw: their place is in reg still, and theirs when they come back. A
--            loss forgets who they are, which harms nobody: a place is not called to anybody who does not come for it
--   ended    list "index:subject:reason:ms:lease id" not yet in the database
--   calls:…  counters of one subject's calls
--   given:…  counters of the new indexes that one subject was given

-- ready(meta, run): the hash, or nil when Valkey may have lost something: another server answers than the one that
-- was filled, or nothing is there. A replica that took over has the old server's run id in `meta`, not its own.
local function ready(meta, run)
  local about = redis.call('HMGET', meta, 'state', 'run', 'epoch', 'phase', 'n', 'seq', 'limit', 'serving', 'cap',
    'rate', 'paused', 'draining', 'judged')
  if about[1] ~= 'ready' or about[2] ~= run then
    return nil
  end
  return {
    epoch = about[3], phase = about[4], n = tonumber(about[5]), seq = tonumber(about[6]), limit = tonumber(about[7]),
    serving = tonumber(about[8]), cap = tonumber(about[9]), rate = tonumber(about[10]),
    paused = about[11] == '1', draining = about[12] == '1', judged = tonumber(about[13] or 0) or 0,
  }
end

-- no_earlier(meta, line, now): the time to judge a claim by. A call's own is as old as its way here took, seconds from a
-- busy process; by that, a slot that somebody else was just given, and one kept for somebody, would count as taken still.
-- Who is judged later is judged by no earlier time. One that is far ahead is of a wrong clock: nobody follows it.
local function no_earlier(meta, line, now)
  if now < line.judged and line.judged < now + 10000 then
    now = line.judged
  end
  redis.call('HSET', meta, 'judged', string.format('%d', now))
  return now
end

-- too_fast(counter, meta): ms to wait when this subject calls more often than people do, else nil.
local function too_fast(counter, meta)
  local calls = redis.call('INCR', counter)
  if calls == 1 then
    redis.call('PEXPIRE', counter, 10000)
  end
  if calls <= 30 then
    return nil
  end
  redis.call('HINCRBY', meta, 'refused', 1)
  return math.max(1, redis.call('PTTL', counter))
end

-- lease_of(lease, subject): the lease as a table, or nil.
local function lease_of(lease, subject)
  local text = redis.call('HGET', lease, subject)
  if not text then
    return nil
  end
  local id, index, position, admitted, ends, state = string.match(text, '^([^:]+):(%d+):(%d+):(%d+):(%d+):(%a)$')
  return {
    id = id, index = tonumber(index), position = tonumber(position), admitted = tonumber(admitted),
    ends = tonumber(ends), state = state,
  }
end

local function keep_lease(lease, subject, l)
  redis.call('HSET', lease, subject, string.format('%s:%d:%d:%d:%d:%s', l.id, l.index, l.position, l.admitted, l.ends,
    l.state))
end
