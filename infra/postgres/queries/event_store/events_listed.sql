-- $1 context, $2 partitions, $3 after this sequence of each, $4 limit. The limit holds in each partition before they are
-- merged, so the primary key answers it however long the log is.
SELECT listed.*
  FROM unnest($2::integer[]) AS wanted (partition)
 CROSS JOIN LATERAL (
       SELECT context, partition, sequence, stream_id, stream_version, event_id::text, type, schema_version, data::text,
              command_id::text, correlation_id, causation_id, actor, traceparent, recorded_at
         FROM annals.live_events
        WHERE context = $1 AND partition = wanted.partition AND sequence > $3
        ORDER BY sequence
        LIMIT $4
       ) AS listed
 ORDER BY listed.recorded_at, listed.partition, listed.sequence
 LIMIT $4
