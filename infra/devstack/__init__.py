"""Kafka, PostgreSQL and Redis as child processes, for machines that have nothing but Python.

    home ──▶ ports, secrets ──▶ kafka.py │ postgres.py │ redis.py ──▶ server_process.py ──▶ stack.py ──▶ system.py

`stack.Devstack` starts and stops the servers that the settings do not name, and publishes their addresses in the file
that infra/locating.py defines: that is how every other process finds them. `system.RunningSystem` adds the workers and
the gateway. All state is under `ANNALS_HOME`; only the Kafka jars, and PostgreSQL's programs where they must be copied
(postgres_programs.py), are shared between homes, in the user's cache folder or beside it. Nothing here listens on
anything but 127.0.0.1. This package is for development: no production process imports it.
"""
