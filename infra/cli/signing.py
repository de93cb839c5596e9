"""By what a command line proves who sends its commands, where workers ask for it."""

from contracts.identity import FixedIdentities, IdentitySource
from infra.settings import Settings


async def command_identities(settings: Settings) -> IdentitySource | None:
    """The keys of the installation, for which the login of the database needs `annals_audit`; None: nobody asks.

    Raises StackNotRunning, Unavailable or CommandRefused.
    """
    if settings.auth == "none":
        return None
    from infra.cli.table import event_table
    from infra.postgres.identities import PostgresIdentities

    async with event_table(settings, role="annals_audit", writes=False) as database:
        return FixedIdentities(await PostgresIdentities(database, knows_services=False).current())
