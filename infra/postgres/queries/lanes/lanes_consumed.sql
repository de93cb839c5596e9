-- $1 topic of commands: the next offset of each of its lanes, the id of the topic that it belongs to, and the timestamp of
-- the record before it (0: not known).
SELECT partition, consumed, topic_id, CASE WHEN last_offset = consumed - 1 THEN last_timestamp ELSE 0 END AS last_timestamp
  FROM annals.lanes
 WHERE role = 'command' AND topic = $1
