-- Where a lane's sequences or a stream's versions have a gap: none, ever.
SELECT 'sequence' AS what, context, partition::text AS place, sequence AS at
  FROM (SELECT context, partition, sequence, lag(sequence, 1, 0::bigint)
               OVER (PARTITION BY context, partition ORDER BY sequence) AS before FROM annals.events) AS numbered
 WHERE sequence <> before + 1
UNION ALL
SELECT 'stream version', context, stream_id, stream_version
  FROM (SELECT context, stream_id, stream_version, lag(stream_version, 1, 0::bigint)
               OVER (PARTITION BY context, stream_id ORDER BY stream_version) AS before FROM annals.events) AS numbered
 WHERE stream_version <> before + 1
 LIMIT 1000
