-- $1 command id, $2 limit: the outcomes of the commands with this id, at most one of each stream.
SELECT command_id::text, type, context, stream_id, status, stream_version, partition, sequence, events::text, error::text,
       correlation_id, causation_id, actor, handled_at, content_digest
  FROM annals.outcomes
 WHERE command_id = $1
 ORDER BY handled_at, context, stream_id
 LIMIT $2
