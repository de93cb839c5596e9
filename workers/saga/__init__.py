"""The saga worker: follows the log and answers events with commands, each sent effectively once."""
