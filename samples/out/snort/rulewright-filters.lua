-- Rulewright: address and endpoint rules alert once per client in 3600 seconds.
local sids = [[
1000201
1000202
1000203
1000204
1000205
1000206
1000207
1000208
1000209
1000210
1000211
1000212
1000213
1000214
1000215
1000216
1000217
1000218
1000219
1000220
1000221
1000222
1000223
]]
event_filter = event_filter or { }
for sid in sids:gmatch('%d+') do
    event_filter[#event_filter + 1] =
    {
        gid = 1, sid = tonumber(sid), type = 'limit', track = 'by_src', count = 1, seconds = 3600
    }
end
