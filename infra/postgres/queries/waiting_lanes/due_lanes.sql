-- $1 topics, $2 partitions (lists, see annals.listed, of pairs), $3 list of sagas. The lanes for which due.sql has rows.
SELECT lane.topic, lane.partition
  FROM unnest(annals.listed($1), annals.listed($2)::int[]) AS lane(topic, partition)
 WHERE EXISTS (SELECT FROM annals.deadlines AS d
                WHERE d.topic = lane.topic AND d.partition = lane.partition AND d.due_at <= statement_timestamp()
                  AND d.saga = ANY(annals.listed($3)))
    OR EXISTS (SELECT FROM annals.step_rejections AS r
                 JOIN annals.saga_outbox AS o USING (topic, partition, position)
                WHERE r.topic = lane.topic AND r.partition = lane.partition AND o.saga = ANY(annals.listed($3)))
    OR EXISTS (SELECT FROM annals.unchanged_steps AS u
                 JOIN annals.saga_outbox AS o USING (topic, partition, position)
                WHERE u.topic = lane.topic AND u.partition = lane.partition AND o.saga = ANY(annals.listed($3)))
