-- ARGV[2] and on: ids. Answers the number of the live generation, the documents and their sections.
local ids = {}
for place = 2, #ARGV do
    ids[place - 1] = ARGV[place]
end
local documents, sections = documents_of(ids)
return {number, documents, sections}
