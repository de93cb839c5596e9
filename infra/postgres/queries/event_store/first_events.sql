-- $1 context, $2 list of stream ids (see annals.listed), $3 events of each at most. A look-up for each stream: see
-- streams.sql.
SELECT context, partition, sequence, stream_id, stream_version, event_id::text, type, schema_version, data::text,
       command_id::text, correlation_id, causation_id, actor, traceparent, recorded_at
  FROM unnest(annals.listed($2)) AS wanted(id)
 CROSS JOIN LATERAL (
       SELECT * FROM annals.live_events
        WHERE context = $1 AND stream_id = wanted.id
        ORDER BY stream_version
        LIMIT $3
       ) AS event
