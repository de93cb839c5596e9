"""Opens the event table for a command: as `annals_reader`, which can change nothing, unless the command acts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.cli.exits import CommandRefused
from infra.locating import located
from infra.postgres.address import database_url
from infra.postgres.faults import RoleNotGranted, SchemaMissing, SchemaTooOld
from infra.postgres.pool import Database
from infra.settings import Settings

_NOT_MIGRATED = "The database has no schema of Annals, or not this version's: run `annals migrate`."


@asynccontextmanager
async def event_table(
    settings: Settings, *, role: str = "annals_reader", writes: bool | None = None
) -> AsyncIterator[Database]:
    """The open database; `writes` as for a Database. Raises StackNotRunning, Unavailable, or CommandRefused when it was
    never migrated.
    """
    database = Database(database_url(located(settings)), role=role, connections=1, writes=writes)
    try:
        await database.open()
        yield database
    except (SchemaTooOld, RoleNotGranted) as error:
        raise CommandRefused(f"{error.explanation}: {error.advice}.") from error
    except SchemaMissing as error:
        raise CommandRefused(_NOT_MIGRATED) from error
    finally:
        await database.close()
