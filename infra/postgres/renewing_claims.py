"""Claims that an earlier release wrote under keys of its own get today's: else a value that is taken would look free.

Part of `annals migrate`, before the first worker of a new release starts. Safe beside working workers and any number of
times. The first that claimed a value keeps it; a second one that has come to be equal keeps its old key, which nobody
asks for any more, and is named: by this step, and by every `annals verify` until a command changes one of the two.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import asyncpg

from infra.postgres.faults import faults_sorted
from infra.postgres.pool import COMMAND_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, sessions_for
from infra.postgres.queries import sql

ClaimKey = Callable[[str, str], str]
"""`(scope, key as it is stored)` to the key as it is written today."""


class SharedClaim(NamedTuple):
    """Two streams that hold equal values; `holder` is the one that claimed its own first."""

    context: str
    scope: str
    key: str
    holder: str
    other: str


class Renewal(NamedTuple):
    """How many claims got another key, and those that could not."""

    renewed: int
    shared: list[SharedClaim]


async def renew_claims(url: str, claim_keys: Mapping[str, ClaimKey]) -> Renewal:
    """Renew the keys of all claims of these contexts. Raises Unavailable.

    Only keys that are not ASCII are looked at: those have been written in one way since the first release.
    """
    renewed, shared = 0, []
    with faults_sorted():
        connection = await asyncpg.connect(
            url,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=COMMAND_TIMEOUT_SECONDS,
            **sessions_for(url, writes=True),
        )
        try:
            for context, claim_key in claim_keys.items():
                for scope, key, stream_id in await connection.fetch(sql("unique_claims_not_ascii"), context):
                    today = claim_key(scope, key)
                    if today != key:
                        holder = await _renewed(connection, context, scope, key, today, stream_id)
                        renewed += holder == stream_id
                        if holder not in (None, stream_id):
                            shared.append(SharedClaim(context, scope, today, holder, stream_id))
        finally:
            await connection.close(timeout=COMMAND_TIMEOUT_SECONDS)
    return Renewal(renewed, shared)


async def _renewed(connection: Any, context: str, scope: str, key: str, today: str, stream_id: str) -> Any:
    """Who holds today's key now; None when the old one was released meanwhile."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        if await connection.execute(sql("release_unique_claim"), context, scope, key, stream_id) == "DELETE 0":
            return None
        holder = await connection.fetchval(sql("grant_free_unique_claim"), context, scope, today, stream_id)
    except BaseException:
        await transaction.rollback()
        raise
    if holder == stream_id:
        await transaction.commit()
    else:
        await transaction.rollback()
    return holder
