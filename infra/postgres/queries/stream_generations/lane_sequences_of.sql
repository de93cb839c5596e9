SELECT partition, sequence
  FROM annals.lanes
 WHERE role = 'command' AND topic = $1
