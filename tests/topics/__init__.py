"""Topics that operators or brokers change: deleted and created again, truncated, given more partitions."""
