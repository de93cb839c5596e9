-- $1 command id, $2 limit: the outcomes of the commands with this id, at most one of each stream. Chosen before their events
-- are read: somebody may have used one id for many streams.
SELECT handled.command_id::text, type, handled.context, handled.stream_id, status, stream_version, partition, sequence,
       events::text, error::text, correlation_id, causation_id, actor, handled.handled_at, content_digest
  FROM (SELECT command_id, context, stream_id, handled_at
          FROM annals.commands
         WHERE command_id = $1
         ORDER BY handled_at, context, stream_id
         LIMIT $2) AS chosen
 CROSS JOIN LATERAL (
       SELECT *
         FROM annals.outcomes
        WHERE command_id = chosen.command_id AND context = chosen.context AND stream_id = chosen.stream_id
        LIMIT 1
       ) AS handled
 ORDER BY handled.handled_at, handled.context, handled.stream_id
