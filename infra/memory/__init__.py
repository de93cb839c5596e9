"""Adapters in memory: Kafka, Postgres and Redis as plain state, and the ports on top of them. No driver is used.

There are two halves. The server (`Broker`, `Table`, `ReadModelServer`) is state that changes at once, and survives a
worker's crash. The adapters implement the ports for one process, and reach the server only by a `Wire`, which may fail
as networks do. The tests in tests/ports run over these adapters and over the real ones alike. Nothing here reads a
clock or draws a random number.
"""
