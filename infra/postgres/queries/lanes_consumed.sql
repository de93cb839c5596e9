-- $1 topic of commands: up to where each of its lanes has read, and in which topic of that name.
SELECT partition, consumed, topic_id FROM annals.lanes WHERE role = 'command' AND topic = $1
