-- $1 saga, $2 list of instances (see annals.listed): what each took, in order, and the events that stand in those places.
-- Asked for as the first event from that place on, so that it is found by the key of the lanes also in a young table.
SELECT j.saga, j.instance_id, j.version, j.type, j.context, j.partition, j.sequence, j.event_id::text, j.recorded_at,
       j.status, j.data::text, j.applied_at,
       e.context, e.partition, e.sequence, e.stream_id, e.stream_version, e.event_id::text, e.type, e.schema_version,
       e.data::text, e.command_id::text, e.correlation_id, e.causation_id, e.actor, e.traceparent, e.recorded_at
  FROM annals.saga_journal AS j
  LEFT JOIN LATERAL (
       SELECT n.*
         FROM annals.events AS n
        WHERE n.context = j.context AND n.partition = j.partition AND n.sequence >= j.sequence
        ORDER BY n.sequence
        LIMIT 1
       ) AS e ON e.sequence = j.sequence
 WHERE j.saga = $1 AND j.instance_id = ANY(annals.listed($2))
 ORDER BY j.instance_id, j.version
