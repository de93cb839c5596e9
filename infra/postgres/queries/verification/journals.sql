-- $1 saga, $2 list of instances (see annals.listed): the entries of their journals in order, and the events that stand in
-- their places. Asked for as the first event from that place on, so that it is found by the key of the lanes also in a
-- young table.
SELECT j.saga, j.instance_id, j.version, j.type, j.context, j.partition, j.sequence, j.event_id::text, j.recorded_at,
       j.status, j.data::text, j.applied_at,
       e.context AS event_context, e.partition AS event_partition, e.sequence AS event_sequence,
       e.stream_id AS event_stream_id, e.stream_version AS event_stream_version, e.event_id::text AS event_event_id,
       e.type AS event_type, e.schema_version AS event_schema_version, e.data::text AS event_data,
       e.command_id::text AS event_command_id, e.correlation_id AS event_correlation_id,
       e.causation_id AS event_causation_id, e.actor AS event_actor, e.traceparent AS event_traceparent,
       e.recorded_at AS event_recorded_at
  FROM annals.saga_journal AS j
  LEFT JOIN LATERAL (
       SELECT n.*
         FROM annals.live_events AS n
        WHERE n.context = j.context AND n.partition = j.partition AND n.sequence >= j.sequence
        ORDER BY n.sequence
        LIMIT 1
       ) AS e ON e.sequence = j.sequence
 WHERE j.saga = $1 AND j.instance_id = ANY(annals.listed($2))
 ORDER BY j.instance_id, j.version
