"""The Postgres adapters: event store, lanes, sagas, and what operators and measurements ask.

All SQL is in files: `migrations/` has the tables, `functions/` each function with its current body, `queries/` the
queries by the module that asks them. `schema.sql` shows the database as it is. No query is named outside this room.
"""
