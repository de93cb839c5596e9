SELECT topic, partition, sequence
  FROM annals.lanes
 WHERE role = 'command'
 ORDER BY topic, partition
