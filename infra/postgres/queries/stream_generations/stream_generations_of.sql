SELECT made.context, made.generation AS number, made.copied_from, made.transform, made.fingerprint, made.begun_at,
       lanes.partitions, lanes.copied_to, coalesce(lanes.changed, 0)::bigint AS changed,
       ARRAY(SELECT DISTINCT unnest(lane.types)
               FROM annals.copied_lanes AS lane
              WHERE lane.context = made.context AND lane.generation = made.generation) AS types
  FROM annals.stream_generations AS made
 CROSS JOIN LATERAL (
       SELECT array_agg(partition) AS partitions, array_agg(copied_to) AS copied_to, sum(changed) AS changed
         FROM annals.copied_lanes AS lane
        WHERE lane.context = made.context AND lane.generation = made.generation
       ) AS lanes
 WHERE made.context = $1
 ORDER BY made.generation
