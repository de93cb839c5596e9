"""Sets unique_claims and credentials right while the lanes of their streams hold still.

A lane's row is locked for the few milliseconds that it takes to fold the streams and to write: so no command can change
them in between, and the lane's owner stays its owner.
"""

from contracts.partitioner import partition_for
from infra.postgres.lists import listed
from infra.postgres.session import Session, lanes_held
from infra.verify.repair.tools import Tools
from workers.domain import contexts
from workers.ports.lanes import LaneKey
from workers.verification.findings import LeftOverCredential, WrongUniqueClaim
from workers.verification.states import StateFold

UNIQUE_CLAIM = "unique claim"
CREDENTIAL = "credential removed"


async def mend_unique_claim(tools: Tools, target: WrongUniqueClaim) -> None:
    """Make the stream that holds it by its state the holder; nobody, if none of the known streams does.

    Raises Unavailable.
    """
    context, scope, key, streams = target
    where = f"{context} {scope} {key}"
    async with lanes_held(tools.database, _lanes(tools, context, streams)) as session:
        rows = await session.rows("unique_claims_of", context, listed([scope]), listed([key]))
        holder = rows[0]["stream_id"] if rows else None
        fold = await _folded(tools, session, context, streams)
        claims = {each: fold.holds(each, scope, key) for each in streams}
        rightful = [each for each, holds in claims.items() if holds]
        if None in claims.values():
            tools.account.left(UNIQUE_CLAIM, where, "the decider's code raises on a stream's events")
        elif len(rightful) > 1:
            why = f"both {' and '.join(rightful)} hold it by their states; change one by a command"
            tools.account.left(UNIQUE_CLAIM, where, why)
        elif holder is not None and holder not in streams:
            tools.account.left(UNIQUE_CLAIM, where, f"{holder} has taken it meanwhile")
        elif rightful != [holder] and (rightful or holder is not None):
            if holder is not None:
                await session.run("release_unique_claim", context, scope, key, holder)
            if rightful:
                await session.run("grant_unique_claim", context, scope, key, rightful[0])
            now = f"of {rightful[0]}" if rightful else f"released, {holder} does not hold it"
            tools.account.did(UNIQUE_CLAIM, f"{where}: {now}")


async def remove_credential(tools: Tools, target: LeftOverCredential) -> None:
    """Remove the credential of a stream that may not have one. Raises Unavailable."""
    context, stream_id = target
    async with lanes_held(tools.database, _lanes(tools, context, (stream_id,))) as session:
        fold = await _folded(tools, session, context, (stream_id,))
        if fold.may_keep_credential(stream_id) is False:
            await session.run("remove_credential", context, stream_id)
            tools.account.did(CREDENTIAL, f"of {context} {stream_id}")


def _lanes(tools: Tools, context: str, streams: tuple[str, ...]) -> list[LaneKey]:
    topic, partitions = tools.sources.topics.commands(context), tools.sources.partitions
    return [LaneKey("command", topic, partition_for(each.encode(), partitions)) for each in streams]


async def _folded(tools: Tools, session: Session, context: str, streams: tuple[str, ...]) -> StateFold:
    fold = StateFold(contexts()[context].decider, tools.sources.models)
    async for row in session.events_of(context, streams):
        fold.apply(row)
    return fold
