-- Rulewright: address and endpoint rules alert once per client in 3600 seconds.
local sids = [[
1000221
1000222
1000223
1000224
1000225
1000226
1000227
1000228
1000229
1000230
1000231
1000232
1000233
1000234
1000235
1000236
1000237
1000238
1000239
1000240
1000241
1000242
1000243
]]
event_filter = event_filter or { }
for sid in sids:gmatch('%d+') do
    event_filter[#event_filter + 1] =
    {
        gid = 1, sid = tonumber(sid), type = 'limit', track = 'by_src', count = 1, seconds = 3600
    }
end
