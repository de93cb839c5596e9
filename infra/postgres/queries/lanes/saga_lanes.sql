-- $1 topic of events.
SELECT partition, input_sequence, sequence
  FROM annals.lanes
 WHERE role = 'saga' AND topic = $1
 ORDER BY partition
