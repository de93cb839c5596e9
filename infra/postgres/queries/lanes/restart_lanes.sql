-- $1 topic of commands, $2 its id, $3 the id of the topic before it (NULL: unknown). The lanes begin at the first offset of
-- the new topic, and their owners are fenced. A lane that had read another topic than $3 may have missed what was sent to
-- that one: an interruption says so.
WITH interrupted AS (
    INSERT INTO annals.log_interruptions (role, topic, partition, kind, former_topic_id, topic_id, consumed,
                                          start_offset, end_offset, missing, resumed_at)
    SELECT role, topic, partition, 'recreated', topic_id, $2, consumed, 0, 0, NULL, 0
      FROM annals.lanes
     WHERE role = 'command' AND topic = $1 AND topic_id NOT IN ('', $2) AND topic_id <> $3
)
UPDATE annals.lanes SET epoch = epoch + 1, owner = NULL, consumed = 0, topic_id = $2
 WHERE role = 'command' AND topic = $1
