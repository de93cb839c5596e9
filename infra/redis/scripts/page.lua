-- ARGV[2] on: an index, where its range begins and ends, 1 if it is read backwards, how many documents. Answers the
-- number of the live generation, the entries (one more if there are more), the documents and their sections.
local limit = tonumber(ARGV[6])
local range = {'ZRANGE', begins .. 'index:' .. ARGV[2], ARGV[3], ARGV[4], 'BYLEX'}
if ARGV[5] == '1' then
    range[#range + 1] = 'REV'
end
for _, part in ipairs({'LIMIT', 0, limit + 1}) do
    range[#range + 1] = part
end
local entries = redis.call(unpack(range))
local ids = {}
for place, entry in ipairs(entries) do
    if place <= limit then
        ids[place] = string.match(entry, '[^%z]*$')
    end
end
local documents, sections = documents_of(ids)
return {number, entries, documents, sections}
