"""What it costs a command worker to know who sends its commands: the same creates and updates in three ways.

`anonymous`: commands as strangers send them, to a worker with ANNALS_AUTH=none. `signed`: commands as the gateway sends
them for its callers, longer by two headers and with an actor for the events, to the same kind of worker, which does not
look at the proof. `identified`: the same to a worker that does, and asks the rules. Every new user signs up for
herself, so no name comes twice; the thousand who move do so again and again.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

from contracts.client.identifiers import new_identifier
from contracts.envelope import CommandEnvelope
from contracts.message import Command
from contracts.principal import Principal
from infra.measuring.bench.commands import UPDATED_USERS, drain_commands
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.installation import Installation, NewInstallation
from infra.measuring.bench.load import Sign, moves, put_on_topic, sign_ups, unsigned
from infra.measuring.bench.together import together
from infra.postgres.address import database_url
from infra.postgres.identities import PostgresIdentities
from infra.postgres.pool import Database


class IdentityCosts(NamedTuple):
    """The three ways, and the microseconds of the worker's processor time that each command costs more: for its proof
    and the rules (identified, signed), and for all that belongs to it (identified, anonymous).
    """

    anonymous: Drained
    signed: Drained
    identified: Drained
    looking_microseconds: float
    whole_microseconds: float

    @staticmethod
    def of(anonymous: Drained, signed: Drained, identified: Drained) -> "IdentityCosts":
        """What they differ by."""
        used = identified.cpu_microseconds["worker"]
        looking, whole = (used - less.cpu_microseconds["worker"] for less in (signed, anonymous))
        return IdentityCosts(anonymous, signed, identified, looking, whole)


async def measure_identity(new_installation: NewInstallation, count: int) -> dict[str, IdentityCosts]:
    """So many creates, then as many updates, each way in an installation of its own and all at the same time: a machine
    that gets slower or quicker does so for all. Raises Stalled, TooLittleWork, SetupFailed or Unavailable.
    """
    async with new_installation() as anonymous, new_installation() as signed, new_installation() as identified:
        asking = identified.settings.model_copy(update={"auth": "oidc", "auth_development_issuer": True})
        installations = (anonymous, signed, identified._replace(settings=asking))
        user_ids = [new_identifier() for _ in range(min(UPDATED_USERS, count))]
        async with _signing(signed) as sign, _signing(identified) as sign_identified:
            signatures = (unsigned, sign, sign_identified)

            async def costs(commands: Callable[[], Iterable[Command]]) -> IdentityCosts:
                for running, way in zip(installations, signatures, strict=True):
                    await put_on_topic(running.settings, commands(), way)
                async with together() as tasks:
                    work = [tasks.create_task(drain_commands(running, count)) for running in installations]
                return IdentityCosts.of(*[task.result() for task in work])

            return {
                "creates": await costs(lambda: sign_ups(count, user_ids)),
                "updates": await costs(lambda: moves(count, user_ids)),
            }


@asynccontextmanager
async def _signing(installation: Installation) -> AsyncIterator[Sign]:
    """Signs for the user whom a command is about, as the gateway does for its callers. Raises Unavailable."""
    database = Database(database_url(installation.settings), role=None, connections=1)
    try:
        await database.open(checks_schema=False)
        identities = await PostgresIdentities(database, knows_services=False).current()

        def sign(envelope: CommandEnvelope, value: bytes) -> CommandEnvelope:
            user = Principal(envelope.subject)
            return identities.signed(user, envelope._replace(actor=user.name), value)

        yield sign
    finally:
        await database.close()
