"""What it costs a command worker to know who sends its commands: the same creates and updates, without and with it.

Without: workers as they are with ANNALS_AUTH=none, and commands as strangers send them. With: workers that look for an
identity in each command and ask the rules, and commands as the gateway sends them for its callers. Every new user signs
up for herself, so no name comes twice; the thousand who move do so again and again.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

from contracts.client.identifiers import new_identifier
from contracts.envelope import CommandEnvelope
from contracts.identity import Identities
from contracts.message import Command
from contracts.principal import Principal
from infra.measuring.bench.commands import UPDATED_USERS, drain_commands
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.installation import Installation
from infra.measuring.bench.load import Sign, moves, put_on_topic, sign_ups
from infra.measuring.bench.together import together
from infra.postgres.address import database_url
from infra.postgres.identities import PostgresIdentities
from infra.postgres.pool import Database


class IdentityCost(NamedTuple):
    """Without identities and with them, and the microseconds of the worker's processor time that they cost each."""

    anonymous: Drained
    identified: Drained
    cost_microseconds: float


async def measure_identity(anonymous: Installation, identified: Installation, count: int) -> dict[str, IdentityCost]:
    """So many creates, then as many updates, at the same time in both installations: a machine that gets slower or
    quicker does so for both workers. Raises Stalled, TooLittleWork or Unavailable.
    """
    settings = identified.settings.model_copy(update={"auth": "oidc", "auth_development_issuer": True})
    identified = identified._replace(settings=settings)
    user_ids = [new_identifier() for _ in range(min(UPDATED_USERS, count))]

    async with _signing(identified) as sign:

        async def both(commands: Callable[[], Iterable[Command]]) -> IdentityCost:
            await put_on_topic(anonymous.settings, commands())
            await put_on_topic(identified.settings, commands(), sign)
            async with together() as tasks:
                work = [
                    tasks.create_task(drain_commands(installation, count)) for installation in (anonymous, identified)
                ]
            without, with_them = (task.result() for task in work)
            cost = with_them.cpu_microseconds["worker"] - without.cpu_microseconds["worker"]
            return IdentityCost(without, with_them, cost)

        return {
            "creates": await both(lambda: sign_ups(count, user_ids)),
            "updates": await both(lambda: moves(count, user_ids)),
        }


@asynccontextmanager
async def _signing(installation: Installation) -> AsyncIterator[Sign]:
    """Signs for the user whom a command is about, as the gateway does for its callers. Raises Unavailable."""
    database = Database(database_url(installation.settings), role=None, connections=1)
    try:
        await database.open(checks_schema=False)
        identities: Identities = await PostgresIdentities(database, knows_services=False).current()

        def sign(envelope: CommandEnvelope, value: bytes) -> CommandEnvelope:
            user = Principal(envelope.subject)
            return identities.signed(user, envelope._replace(actor=user.name), value)

        yield sign
    finally:
        await database.close()
