-- $1 saga, $2 instance id, $3 limit: the last events that the instance applied, the latest first, each with its stream. An
-- internal event has no stream. The event is asked for as the first one from its sequence on: then the planner uses the
-- primary key also in a table that was never analysed.
SELECT j.version, j.type, j.context, j.partition, j.sequence, j.event_id::text, j.recorded_at, j.applied_at, j.status,
       j.data::text, e.stream_id, e.stream_version
  FROM annals.saga_journal AS j
  LEFT JOIN LATERAL (
       SELECT sequence, stream_id, stream_version
         FROM annals.events
        WHERE context = j.context AND partition = j.partition AND sequence >= j.sequence
        ORDER BY sequence
        LIMIT 1
       ) AS e ON e.sequence = j.sequence
 WHERE j.saga = $1 AND j.instance_id = $2
 ORDER BY j.version DESC
 LIMIT $3
