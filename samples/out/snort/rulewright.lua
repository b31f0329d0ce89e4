-- Rulewright for Snort 3 (format auto). Make it the last line of snort.lua:
--   include '/etc/snort/rulewright/rulewright.lua'
-- and look before you restart, since one refused rule keeps Snort from starting:
--   snort -c /etc/snort/snort.lua -T
local here = path_top():match('^(.*)/') or '.'

-- Beside the rules that snort.lua names.
ips = ips or { variables = default_variables }
ips.rules = (ips.rules or '') .. '\ninclude ' .. here .. '/rulewright.rules\n'

-- File hashes. Sightings are lines of file.log, not alerts.
file_policy = file_policy or { }
file_policy.enable_signature = true
file_policy.rules = file_policy.rules or { }
for line in io.lines(here .. '/rulewright-sha256.lst') do
    if ( line:match('^%x+$') ) then
        file_policy.rules[#file_policy.rules + 1] =
        {
            when = { sha256 = line:upper() }, use = { verdict = 'log', enable_file_signature = true }
        }
    end
end
file_log = file_log or { }

include(here .. '/rulewright-filters.lua')
