"""How a process holds lanes: group membership, one runner for each lane, bounded queues, taking over and leaving."""
