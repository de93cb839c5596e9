-- $1 topic of commands, $2 its id, $3 the id of the topic before it (NULL: unknown). The lanes begin at the first offset of
-- the new topic, and their owners are fenced. A lane that had read another topic than $3 may have missed what was sent to
-- that one: an interruption says so, unless its owner has noticed it by itself. An owner may do so at this moment: so each
-- lane is looked at when its row is locked.
WITH lane AS MATERIALIZED (
    SELECT role, topic, partition, topic_id, consumed
      FROM annals.lanes
     WHERE role = 'command' AND topic = $1
       FOR UPDATE
), interrupted AS (
    INSERT INTO annals.log_interruptions (role, topic, partition, kind, former_topic_id, topic_id, consumed,
                                          start_offset, end_offset, missing, resumed_at)
    SELECT role, topic, partition, 'recreated', topic_id, $2, consumed, 0, 0, NULL, 0
      FROM lane
     WHERE topic_id NOT IN ('', $2) AND topic_id <> $3
)
UPDATE annals.lanes AS stored SET epoch = epoch + 1, owner = NULL, consumed = 0, topic_id = $2
  FROM lane
 WHERE stored.role = lane.role AND stored.topic = lane.topic AND stored.partition = lane.partition
