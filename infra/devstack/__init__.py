"""Kafka, PostgreSQL and Redis as child processes, for machines that have nothing but Python.

    home ──▶ ports, secrets ──▶ kafka.py │ postgres.py │ redis.py ──▶ process.py ──▶ stack.py ──▶ addresses.py

`stack.Devstack` starts and stops the servers that the settings do not name; `addresses.located` is how every other
process finds them. All state lives under `ANNALS_HOME`; only the Kafka jars, and PostgreSQL's programs where they must
be copied (postgres_programs.py), are shared between homes, in the user's cache folder or beside it. Nothing here
listens on anything but 127.0.0.1.
"""
