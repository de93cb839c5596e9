"""The Postgres room: the event table, outcomes, lanes and sagas. All SQL is in `migrations/` and `queries/`."""
