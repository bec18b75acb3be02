-- A body with %NAME% and %COUNT% in it, for one object after the other. Arguments: method, content type, path with
-- %NAME%, a prefix for the names, after how many the names come again (0: never), the body.
local here = debug.getinfo(1, "S").source:match("^@?(.*/)") or "./"
dofile(here .. "get.lua")

local count, path, prefix, names, body = 0, "", "", 0, ""

function init(args)
  wrk.method = args[1]
  wrk.headers["Content-Type"] = args[2]
  path, prefix, names, body = args[3], args[4], tonumber(args[5]), args[6]
end

function request()
  count = count + 1
  local name = prefix .. "-" .. (names > 0 and count % names or count)
  local filled = body:gsub("%%NAME%%", name):gsub("%%COUNT%%", count)
  return wrk.format(nil, path:gsub("%%NAME%%", name), nil, filled)
end
