"""The event table as the commands see it: opened as `annals_reader`, which can change nothing, unless they act."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.cli.exits import CommandRefused
from infra.devstack.addresses import located
from infra.postgres.pool import Database
from infra.settings import Settings
from workers.ports.event_store import Unstorable

# What Postgres says of a schema, table or role that is not there, or not granted.
_NOT_MIGRATED_CLASSES = ("3F", "42")
_NOT_MIGRATED = "The database has no schema of Annals, or not this version's: run `annals migrate`."


@asynccontextmanager
async def event_table(settings: Settings, *, role: str = "annals_reader") -> AsyncIterator[Database]:
    """The open database. Raises StackNotRunning, Unavailable, or CommandRefused when it was never migrated."""
    url = located(settings).database_url
    assert url is not None, "located settings have every address"
    database = Database(url.get_secret_value(), role=role, connections=1)
    try:
        await database.open()
        yield database
    except Unstorable as error:
        raise CommandRefused(_NOT_MIGRATED) from error
    except Exception as error:
        if (getattr(error, "sqlstate", None) or "").startswith(_NOT_MIGRATED_CLASSES):
            raise CommandRefused(_NOT_MIGRATED) from error
        raise
    finally:
        await database.close()
