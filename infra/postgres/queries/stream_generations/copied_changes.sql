-- $1 context, $2 and $3 two generations; 0 is what was recorded. How many events differ, by their types.
WITH places AS (
    SELECT DISTINCT partition, sequence
      FROM annals.copied_events
     WHERE context = $1 AND generation IN ($2, $3)
), both_events AS (
    SELECT coalesce(a.type || '.v' || a.schema_version, recorded.type || '.v' || recorded.schema_version) AS from_type,
           coalesce(b.type || '.v' || b.schema_version, recorded.type || '.v' || recorded.schema_version) AS to_type,
           coalesce(a.data, recorded.data) AS from_data, coalesce(b.data, recorded.data) AS to_data
      FROM places
      JOIN annals.events AS recorded
        ON recorded.context = $1 AND recorded.partition = places.partition AND recorded.sequence = places.sequence
      LEFT JOIN annals.copied_events AS a
        ON a.context = $1 AND a.partition = places.partition AND a.sequence = places.sequence AND a.generation = $2
      LEFT JOIN annals.copied_events AS b
        ON b.context = $1 AND b.partition = places.partition AND b.sequence = places.sequence AND b.generation = $3
)
SELECT $1 || '.' || from_type AS from_type, $1 || '.' || to_type AS to_type, count(*) AS events
  FROM both_events
 WHERE from_type <> to_type OR from_data <> to_data
 GROUP BY from_type, to_type
 ORDER BY events DESC, from_type, to_type
