"""The accounts of the embedded servers: one for each kind of process, with a login of its own on each server.

What an account may do is said elsewhere: on Postgres by infra/postgres/rights.sql, on Redis by infra/redis/acl.py, on
Kafka, if the embedded one is secured, by infra/kafka/access.py.
"""

from enum import StrEnum


class Account(StrEnum):
    """Who connects. The command line is `operator`, which Postgres and Redis treat as `audit`; programs of others are
    `reader`. `owner` may do everything.
    """

    COMMAND = "command"
    SAGA = "saga"
    PROJECTION = "projection"
    ANALYTICS = "analytics"
    GATEWAY = "gateway"
    AUDIT = "audit"
    OPERATOR = "operator"
    READER = "reader"
    OWNER = "owner"
