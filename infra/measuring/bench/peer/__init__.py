"""The peer: the library eventsourcing with its Postgres recorder, on the same server, in the same run."""
