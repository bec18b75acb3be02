-- POST of one new ConfigMap after the other. Arguments: a prefix for the names, the object's data as JSON.
local here = debug.getinfo(1, "S").source:match("^@?(.*/)") or "./"
dofile(here .. "get.lua")

local count, prefix, data = 0, "", "{}"

function init(args)
  prefix, data = args[1], args[2]
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  count = count + 1
  local body = string.format(
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"%s-%d","labels":{"app":"bench"}},"data":%s}',
    prefix, count, data)
  return wrk.format(nil, nil, nil, body)
end
