-- $1 context, $2 generation, $3 partition, $4 and $5 what the lane was copied to before and is now; $6 to $9 sequences,
-- types, versions and data of events. Those are added that are not as they were recorded. Returns how many and their wire
-- types; no row: the lane was not copied to $4, or another generation is live than the copied one.
WITH lane AS (
    INSERT INTO annals.copied_lanes AS stored (context, generation, partition, copied_to)
    SELECT made.context, made.generation, $3, $5
      FROM annals.stream_generations AS made
     WHERE made.context = $1 AND made.generation = $2
       AND made.copied_from = coalesce((SELECT generation FROM annals.live_generations WHERE context = $1), 0)
       AND ($4 = 0 OR EXISTS (SELECT FROM annals.copied_lanes
                               WHERE context = $1 AND generation = $2 AND partition = $3 AND copied_to = $4))
        ON CONFLICT (context, generation, partition) DO UPDATE SET copied_to = $5
     WHERE stored.copied_to = $4
    RETURNING partition
), copied AS (
    INSERT INTO annals.copied_events (context, partition, sequence, generation, stream_id, type, schema_version, data)
    SELECT $1, lane.partition, recorded.sequence, $2, recorded.stream_id, given.type, given.schema_version, given.data
      FROM lane
     CROSS JOIN unnest($6::bigint[], $7::text[], $8::integer[], $9::jsonb[])
                AS given (sequence, type, schema_version, data)
      JOIN annals.events AS recorded
        ON recorded.context = $1 AND recorded.partition = $3 AND recorded.sequence = given.sequence
     WHERE (given.type, given.schema_version, given.data) <> (recorded.type, recorded.schema_version, recorded.data)
    RETURNING type, schema_version
)
SELECT (SELECT count(*) FROM copied) AS changed,
       ARRAY(SELECT DISTINCT $1 || '.' || type || '.v' || schema_version FROM copied) AS types
  FROM lane
