-- $1 topic, $2 partition, $3 epoch of a saga lane; $4 sagas and $5 types of event (lists, see annals.listed, of pairs):
-- those that are new to the lane begin after the last event that it has applied.
INSERT INTO annals.saga_beginnings (saga, event_type, topic, partition, after_sequence)
SELECT f.saga, f.event_type, l.topic, l.partition, l.input_sequence
  FROM annals.lanes AS l, unnest(annals.listed($4), annals.listed($5)) AS f(saga, event_type)
 WHERE l.role = 'saga' AND l.topic = $1 AND l.partition = $2 AND l.epoch = $3
ON CONFLICT DO NOTHING
