-- $1 correlation id, $2 limit. The command whose id is the correlation's began it: it is found by this id, and so
-- are those of other streams with the same id.
SELECT command_id::text, type, context, stream_id, status, stream_version, partition, sequence, events::text, error::text,
       correlation_id, causation_id, actor, handled_at, content_digest
  FROM ((SELECT command_id AS id, context AS of_context, stream_id AS of_stream
           FROM annals.commands
          WHERE command_id = CASE WHEN pg_input_is_valid($1, 'uuid') THEN $1 END::uuid
            AND correlation_id IS NULL AND command_id::text = $1
          ORDER BY handled_at
          LIMIT $2)
         UNION ALL
        (SELECT command_id, context, stream_id
           FROM annals.commands
          WHERE correlation_id = $1
          ORDER BY handled_at
          LIMIT $2)) AS correlated
 CROSS JOIN LATERAL (
       SELECT *
         FROM annals.outcomes
        WHERE command_id = correlated.id AND context = correlated.of_context AND stream_id = correlated.of_stream
        LIMIT 1
       ) AS handled
 ORDER BY handled_at
 LIMIT $2
