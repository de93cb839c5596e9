-- $1 topic of commands: up to where each of its lanes has read, in which topic of that name, and the timestamp of the
-- record before that (0: not known).
SELECT partition, consumed, topic_id, CASE WHEN last_offset = consumed - 1 THEN last_timestamp ELSE 0 END AS last_timestamp
  FROM annals.lanes WHERE role = 'command' AND topic = $1
