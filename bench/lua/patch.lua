-- A merge patch of a field of each of some ConfigMaps in turn. Arguments: path of the ConfigMaps, their number.
local here = debug.getinfo(1, "S").source:match("^@?(.*/)") or "./"
dofile(here .. "get.lua")

local count, path, objects = 0, "", 1

function init(args)
  path, objects = args[1], tonumber(args[2])
  wrk.method = "PATCH"
  wrk.headers["Content-Type"] = "application/merge-patch+json"
end

function request()
  count = count + 1
  return wrk.format(nil, path .. "/patched-" .. (count % objects), nil, '{"data":{"count":"' .. count .. '"}}')
end
