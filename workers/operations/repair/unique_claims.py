"""Sets unique claims and credentials right while the lanes of their streams hold still.

The rows of the lanes are locked for the few milliseconds that it takes to fold the streams and to write. So no command
can change the streams meanwhile, and the lanes keep their owners.
"""

from collections.abc import Sequence

from contracts.partitioner import partition_for
from workers.operations.repair.tools import RepairTools
from workers.operations.verification.comparisons.stream_states import StateFold
from workers.operations.verification.findings import LeftOverCredential, WrongUniqueClaim
from workers.ports.lanes import LaneKey
from workers.ports.verification.repair import LanesHeld

UNIQUE_CLAIM = "unique claim"
CREDENTIAL = "credential removed"


async def repair_unique_claim(tools: RepairTools, target: WrongUniqueClaim) -> None:
    """Make the stream that holds the claim by its state its holder; without such a stream, release the claim.

    Raises Unavailable.
    """
    context, scope, key, streams = target
    async with tools.table.lanes_held(_lanes(tools, context, streams)) as transaction:
        holder = (await transaction.claim_holders(context, [(scope, key)])).get((scope, key))
        fold = await _folded(tools, transaction, context, streams)
        claims = {stream_id: fold.holds(stream_id, scope, key) for stream_id in streams}
        rightful = [stream_id for stream_id, holds in claims.items() if holds]
        problem = _problem(target, holder, claims, rightful)
        if problem is not None:
            tools.report.left_alone(UNIQUE_CLAIM, f"{context} {scope} {key}", problem)
        elif rightful != [holder] and (rightful or holder is not None):
            await _settle(tools, transaction, target, holder, rightful)


def _problem(
    target: WrongUniqueClaim, holder: str | None, claims: dict[str, bool | None], rightful: Sequence[str]
) -> str | None:
    """Why the claim cannot be repaired; None: it can."""
    if None in claims.values():
        return "the decider's code raises on a stream's events"
    if len(rightful) > 1:
        return f"both {' and '.join(rightful)} hold it by their states; change one by a command"
    if holder is not None and holder not in target.streams:
        return f"{holder} has acquired it meanwhile"
    return None


async def _settle(
    tools: RepairTools,
    transaction: LanesHeld,
    target: WrongUniqueClaim,
    holder: str | None,
    rightful: Sequence[str],
) -> None:
    context, scope, key, _ = target
    if holder is not None:
        await transaction.release_claim(context, scope, key, holder)
    if rightful:
        await transaction.grant_claim(context, scope, key, rightful[0])
    result = f"of {rightful[0]}" if rightful else f"released, {holder} does not hold it"
    tools.report.repaired(UNIQUE_CLAIM, f"{context} {scope} {key}: {result}")


async def remove_credential(tools: RepairTools, target: LeftOverCredential) -> None:
    """Remove the credential of a stream that may not have one. Raises Unavailable."""
    context, stream_id = target
    async with tools.table.lanes_held(_lanes(tools, context, (stream_id,))) as transaction:
        fold = await _folded(tools, transaction, context, (stream_id,))
        if fold.may_keep_credential(stream_id) is False:
            await transaction.remove_credential(context, stream_id)
            tools.report.repaired(CREDENTIAL, f"of {context} {stream_id}")


def _lanes(tools: RepairTools, context: str, streams: tuple[str, ...]) -> list[LaneKey]:
    topic, partitions = tools.sources.topics.commands(context), tools.sources.partitions
    return [LaneKey("command", topic, partition_for(stream_id.encode(), partitions)) for stream_id in streams]


async def _folded(tools: RepairTools, transaction: LanesHeld, context: str, streams: tuple[str, ...]) -> StateFold:
    fold = StateFold(tools.sources.contexts[context].decider, tools.sources.models)
    async for row in transaction.events_of(context, streams):
        fold.apply(row)
    return fold
