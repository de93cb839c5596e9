"""The command worker: reads commands, decides, writes events and outcomes in one transaction, publishes, answers."""
