-- One client of a shared quota speaks: it tells what became of its permits, and asks for more.
--
-- KEYS: state    hash
--       uses     sorted set: permits, by when each is counted at the latest
--       waiting  sorted set: clients that want more, by until when their turn is kept
--       served   sorted set: clients, by how many permits they were given
-- ARGV: the ask as JSON, times in microseconds
local STATE, USES, WAITING, SERVED = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local AHEAD = 4           -- permits that a client may be ahead of one that waits, and gets at once
local KEPT = 100000       -- for so long a turn is kept after the moment that was promised
local REGAINED, WHOLE_AT = 6.5e6, 11e6 -- after a pause: the share is as before, and is whole
local LEAST_SHARE = 1 / 16
local WHOLE = 1000000     -- a share of 1

local ask = cjson.decode(ARGV[1])
local me = ask.client

local function text(number) return string.format('%.0f', number) end
local function score(set, member) return tonumber(redis.call('ZSCORE', set, member) or nil) end

-- The server's clock, which never goes back: where it was set back, it stands still instead.
local time = redis.call('TIME')
local kept = redis.call('HMGET', STATE, 'born', 'born_at', 'count', 'last', 'shift', 'pause',
                        'share', 'share_at', 'latest', 'longest', 'refused', 'spaced')
local function number(index, default) return tonumber(kept[index] or default) end
local shift = number(5, 0)
local now = tonumber(time[1]) * 1000000 + tonumber(time[2]) + shift
local last = number(4, now)
if now < last then shift, now = shift + last - now, last end

local span, slowest = 0, 0 -- the longest window; the even space between requests
for _, window in ipairs(ask.windows) do
  span = math.max(span, window[2])
  slowest = math.max(slowest, window[2] / window[1])
end
local longest = math.max(span, number(10, 0))
redis.call('ZREMRANGEBYSCORE', USES, '-inf', text(now - longest))

-- A memory that is lost, or older than what the client knows: what may have been used is put back.
local born, born_at, count = kept[1], number(2, now), number(3, 0) + 1
local known = ask.known
if known and (born ~= known.born or count <= known.count) then
  if born == known.born then born = false end
  if not born then born_at = now end
  local at = math.min(now - known.age, born_at + ask.lasts)
  for n = 1, known.presumed do
    redis.call('ZADD', USES, 'NX', text(at), 'lost:' .. known.born .. ':' .. n)
  end
end
if not born then born, born_at = me .. ':' .. ask.number, now end

-- What became of permits.
for _, told in ipairs(ask.settled) do
  redis.call('ZADD', USES, 'XX', 'LT', text(now - told[2]), told[1])
end
local returned = 0
for _, name in ipairs(ask.unused) do returned = returned + redis.call('ZREM', USES, name) end
for _, told in ipairs(ask.own) do
  redis.call('ZADD', USES, 'NX', text(now - told[2]), told[1])
end

-- After a 429 everybody pauses; the share is halved, and grows back as in windows.py.
local pause, lowest, lowest_at = number(6, 0), number(7, WHOLE) / WHOLE, number(8, now)
local refused, spaced = number(11, WHOLE) / WHOLE, number(12, 0)
local function grown()
  local quiet = math.max(0, now - math.max(lowest_at, pause))
  if quiet >= WHOLE_AT then return 1 end
  if quiet < REGAINED then return refused - (refused - lowest) * (1 - quiet / REGAINED) ^ 3 end
  return refused + (1 - refused) * ((quiet - REGAINED) / (WHOLE_AT - REGAINED)) ^ 3
end
if ask.pause then
  if now >= pause then
    refused = grown()
    lowest, lowest_at, spaced = math.max(LEAST_SHARE, refused / 2), now, now + longest
  end
  pause = math.max(pause, now + ask.pause)
end
local share = grown()

-- Whose turn it is: nobody may be far ahead of who waits and was given least.
local waited = redis.call('ZREM', WAITING, me)
redis.call('ZREMRANGEBYSCORE', WAITING, '-inf', text(now))
local mine, least, first = score(SERVED, me), nil, 0
local others = redis.call('ZRANGE', WAITING, 0, -1)
for _, other in ipairs(others) do
  local served = score(SERVED, other) or 0
  if not least or served < least then least = served end
end
if mine then mine = math.max(0, mine - returned) end
if not mine or waited == 0 then
  local lowest = redis.call('ZRANGE', SERVED, 0, 0, 'WITHSCORES')
  mine = math.max(mine or 0, least or tonumber(lowest[2] or 0))
end
for _, other in ipairs(others) do
  if (score(SERVED, other) or 0) <= mine then first = first + 1 end
end

-- How many are free.
local free, burst = ask.want, 0
local limits = {}
for index, window in ipairs(ask.windows) do
  local limit = window[1]
  if share < 1 then limit = math.max(1, math.floor(limit * share)) end
  limits[index] = limit
  free = math.min(free, limit - redis.call('ZCOUNT', USES, '(' .. text(now - window[2]), '+inf'))
  burst = math.max(burst, window[1] * 1e5 / window[2]) -- in a tenth of a second
end
local latest = number(9, 0)
local soonest = pause
if share < 1 or now < spaced then
  soonest = math.max(pause, latest + slowest / share)
  free = math.min(free, 1)
end
if now < soonest then free = 0 end
local allowed = math.max(AHEAD, math.ceil(burst))
if least then allowed = math.min(allowed, least + AHEAD - mine) end
local granted = math.max(0, math.min(free, allowed))
for n = 1, granted do
  redis.call('ZADD', USES, text(now + ask.lasts), me .. ':' .. ask.number .. ':' .. n)
end
if granted > 0 then
  latest = now
  mine = mine + granted
end

-- When to come back: when as many permits are free as wait before, and this one.
local back = soonest
if granted < ask.want then
  for index, window in ipairs(ask.windows) do
    local place = math.max(0, limits[index] - 1 - first)
    local found = redis.call('ZREVRANGE', USES, place, place, 'WITHSCORES')
    if found[2] then back = math.max(back, math.min(tonumber(found[2]), now) + window[2]) end
  end
  if granted < free and #others > 0 and granted >= allowed then
    local promised = redis.call('ZRANGE', WAITING, 0, 0, 'WITHSCORES')
    back = math.max(back, tonumber(promised[2]) - KEPT + 2000, now + 5000)
  end
  back = math.max(back, now)
  redis.call('ZADD', WAITING, text(back + KEPT), me)
end
if ask.want > 0 then
  redis.call('ZADD', SERVED, text(mine), me)
  -- Who was given less than any that waits begins anew with as much as those.
  redis.call('ZREMRANGEBYSCORE', SERVED, '-inf', '(' .. text(math.min(mine, least or mine)))
end

redis.call('HSET', STATE, 'born', born, 'born_at', text(born_at), 'count', text(count),
           'last', text(now), 'shift', text(shift), 'pause', text(pause),
           'share', text(lowest * WHOLE), 'share_at', text(lowest_at), 'latest', text(latest),
           'longest', text(longest), 'refused', text(refused * WHOLE), 'spaced', text(spaced))
local expires = text(2 * longest / 1000 + 60000)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, expires) end
return {
  granted, text(math.max(0, back - now)),
  redis.call('ZCOUNT', USES, '(' .. text(now - span), '+inf'), born, text(count),
  text(math.max(0, pause - now)), text(share * WHOLE),
}
