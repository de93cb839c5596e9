-- $1 topic of commands, $2 its id: its lanes begin at its first offset. Whoever holds one is fenced.
UPDATE annals.lanes SET epoch = epoch + 1, owner = NULL, consumed = 0, topic_id = $2
 WHERE role = 'command' AND topic = $1
