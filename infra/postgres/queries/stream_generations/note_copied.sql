-- $1 context, $2 generation, $3 partition, $4 how many more events differ, $5 their wire types.
UPDATE annals.copied_lanes
   SET changed = changed + $4, types = ARRAY(SELECT DISTINCT unnest(types || $5::text[]))
 WHERE context = $1 AND generation = $2 AND partition = $3
