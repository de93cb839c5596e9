-- $1 context, $2 generation, $3 list of stream ids (see annals.listed). A look-up for each stream, as in streams.sql.
SELECT event.context, event.partition, event.sequence, event.stream_id, event.stream_version, event.event_id::text,
       coalesce(copied.type, event.type) AS type, coalesce(copied.schema_version, event.schema_version) AS schema_version,
       coalesce(copied.data, event.data)::text AS data, event.command_id::text, event.correlation_id, event.causation_id,
       event.actor, event.traceparent, event.recorded_at
  FROM unnest(annals.listed($3)) AS wanted(id)
 CROSS JOIN LATERAL (
       SELECT * FROM annals.events
        WHERE context = $1 AND stream_id = wanted.id
        ORDER BY stream_version
        LIMIT 9223372036854775807
       ) AS event
  LEFT JOIN annals.copied_events AS copied
    ON copied.context = $1 AND copied.partition = event.partition AND copied.sequence = event.sequence
       AND copied.generation = $2
 ORDER BY event.stream_id, event.stream_version
