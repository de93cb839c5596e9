SELECT role, topic, partition, owner, epoch, consumed, sequence, acquired_at
  FROM annals.lanes
 ORDER BY role, topic, partition
