"""What Redis does in one step, as Lua: each script is atomic, and time is Redis' own, so that replicas need no common clock.

Three keys stand for one set of facts. `facts` is a hash of serial, at (ms), by and body; `lock` is held while a replica reads
Keeptrusts; `fence` counts readings. A token of the fence is the serial of the facts that are read under it: facts with
an older token than those that are there are refused. Whatever else is found under these names is nothing, and is
replaced.
"""

from __future__ import annotations

_SHARED = """
local function microseconds()
  local now = redis.call('TIME')
  return now[1] * 1000000 + now[2]
end
local function milliseconds()
  return math.floor(microseconds() / 1000)
end
local function number(text)
  local value = tonumber(text)
  if value and value > 0 and value < 9e15 then return value end
  return nil
end
local function serial(key)
  if redis.call('TYPE', key)['ok'] ~= 'hash' then return 0 end
  return number(redis.call('HGET', key, 'serial')) or 0
end
local function text(key)
  if redis.call('TYPE', key)['ok'] ~= 'string' then return false end
  return redis.call('GET', key)
end
"""

LOOK = (
    _SHARED
    + """
-- facts, lock; known serial, most bytes -> serial, age in ms, by, whether somebody reads, body if it is news
local found = serial(KEYS[1])
local reading = redis.call('PTTL', KEYS[2]) > 0 and 1 or 0
if found == 0 then return {0, 0, '', reading, false} end
local fields = redis.call('HMGET', KEYS[1], 'at', 'by')
local age = math.max(milliseconds() - (number(fields[1]) or 0), 0)
local body = false
if found ~= tonumber(ARGV[1]) and redis.call('HSTRLEN', KEYS[1], 'body') <= tonumber(ARGV[2]) then
  body = redis.call('HGET', KEYS[1], 'body')
end
return {found, age, fields[2] or '', reading, body}
"""
)

BEGIN = (
    _SHARED
    + """
-- facts, lock, fence; seen serial, lease in ms, replica -> token, or 0 when somebody reads or has just read
-- A lock without an end is none of ours.
if redis.call('PTTL', KEYS[2]) > 0 then return 0 end
local latest = serial(KEYS[1])
if latest ~= tonumber(ARGV[1]) then return 0 end
-- From the clock, so that a Redis that has lost its memory gives no token again that somebody knows.
local token = math.max(number(text(KEYS[3])) or 0, latest, microseconds()) + 1
redis.call('SET', KEYS[3], string.format('%d', token))
redis.call('SET', KEYS[2], ARGV[3] .. ':' .. string.format('%d', token), 'PX', ARGV[2])
return token
"""
)

EXTEND = (
    _SHARED
    + """
-- lock; holder, lease in ms -> whether it is still held
if text(KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
)

PUBLISH = (
    _SHARED
    + """
-- facts, lock; token, holder, by, keep in ms, body -> whether it was newer than what was there
local found = serial(KEYS[1])
local mine = text(KEYS[2]) == ARGV[2]
if mine then redis.call('DEL', KEYS[2]) end
if tonumber(ARGV[1]) <= found then return 0 end
if found == 0 then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'serial', ARGV[1], 'at', string.format('%d', milliseconds()), 'by', ARGV[3], 'body', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""
)

END = (
    _SHARED
    + """
-- lock; holder
if text(KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""
)
