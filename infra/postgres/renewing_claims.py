"""Renews the keys of unique claims after a release has changed how keys are made: else a claimed value would look free.

Part of `annals migrate`, before the first worker of the new release starts. It may run beside working workers and any
number of times. When two claims have become equal, the earlier claim gets the key. The later one keeps its former key,
which no command asks for, and is reported: here, and by `annals verify` until a command changes one of the two values.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import asyncpg

from infra.postgres.faults import faults_sorted
from infra.postgres.pool import COMMAND_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, sessions_for
from infra.postgres.queries import sql
from infra.postgres.roles import OWNER

ClaimKey = Callable[[str, str], str]
"""`(scope, stored key)` to the key as this release makes it."""


class SharedClaim(NamedTuple):
    """Two streams with equal values. `holder` has the claim, because it claimed its value first; `other` has not."""

    context: str
    scope: str
    key: str
    holder: str
    other: str


class Renewal(NamedTuple):
    """How many claims got another key, and the claims that could not get theirs."""

    renewed: int
    shared: list[SharedClaim]


async def renew_claims(url: str, claim_keys: Mapping[str, ClaimKey]) -> Renewal:
    """Renew the keys of all claims of these contexts. Raises Unavailable.

    Only keys with characters beyond ASCII are checked: the keys of ASCII values have never changed.
    """
    renewed, shared = 0, []
    with faults_sorted():
        connection = await asyncpg.connect(
            url,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=COMMAND_TIMEOUT_SECONDS,
            server_settings={"role": OWNER},
            **sessions_for(url, writes=True),
        )
        try:
            for context, claim_key in claim_keys.items():
                for scope, key, stream_id in await connection.fetch(sql("unique_claims_not_ascii"), context):
                    new_key = claim_key(scope, key)
                    if new_key != key:
                        holder = await _renewed(connection, context, scope, key, new_key, stream_id)
                        renewed += holder == stream_id
                        if holder not in (None, stream_id):
                            shared.append(SharedClaim(context, scope, new_key, holder, stream_id))
        finally:
            await connection.close(timeout=COMMAND_TIMEOUT_SECONDS)
    return Renewal(renewed, shared)


async def _renewed(connection: Any, context: str, scope: str, key: str, new_key: str, stream_id: str) -> Any:
    """The stream that holds the new key afterwards; None when the stored key was released meanwhile."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        if await connection.execute(sql("release_unique_claim"), context, scope, key, stream_id) == "DELETE 0":
            return None
        holder = await connection.fetchval(sql("claim_if_free"), context, scope, new_key, stream_id)
    except BaseException:
        await transaction.rollback()
        raise
    if holder == stream_id:
        await transaction.commit()
    else:
        await transaction.rollback()
    return holder
