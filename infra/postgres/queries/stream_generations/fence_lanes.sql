-- $1 topic of commands, $2 wire types that the next owners must know. The owners have folded events of another generation.
UPDATE annals.lanes
   SET epoch = epoch + 1, owner = NULL, event_types = ARRAY(SELECT DISTINCT unnest(event_types || $2::text[]))
 WHERE role = 'command' AND topic = $1
