SELECT role, topic, partition, owner, epoch, consumed, sequence, taken_at FROM annals.lanes
 ORDER BY role, topic, partition
