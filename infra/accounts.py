"""The accounts of the embedded servers: one for each kind of process, with a login of its own on each server.

What an account may do is said elsewhere: on Postgres by infra/postgres/rights.sql, on Redis by infra/redis/acl.py.
"""

from enum import StrEnum


class Account(StrEnum):
    """Who connects. The command line is `audit`, programs of others are `reader`. `owner` may do everything."""

    COMMAND = "command"
    SAGA = "saga"
    PROJECTION = "projection"
    GATEWAY = "gateway"
    AUDIT = "audit"
    READER = "reader"
    OWNER = "owner"
