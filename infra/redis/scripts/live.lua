-- Begins every script of a query. KEYS: where the number of the live generation is, twice. ARGV[1]: what all keys of the
-- projection begin with. The keys of a generation follow from its number, so they cannot be named beforehand.
local live = redis.call('MGET', KEYS[1], KEYS[2])
local function number_of(stored)
    return stored and #stored <= 9 and string.match(stored, '^[1-9]%d*$')
end
local number = number_of(live[1]) or number_of(live[2]) or '1'
local begins = ARGV[1] .. number .. ':'

-- The fields and values of a hash; false where another program has written something else in its place.
local function fields_of(key)
    local fields = redis.pcall('HGETALL', key)
    if not fields.err then
        return fields
    end
    if string.find(fields.err, '^WRONGTYPE') then
        return false
    end
    return redis.call('HGETALL', key) -- raises the same error
end

-- The documents with these ids, and the fields and values of the sections of each.
local function documents_of(ids)
    if #ids == 0 then
        return {}, {}
    end
    local keys, sections = {}, {}
    for place, id in ipairs(ids) do
        keys[place] = begins .. 'document:' .. id
        sections[place] = fields_of(begins .. 'sections:' .. id)
    end
    return redis.call('MGET', unpack(keys)), sections
end
