"""Removes snapshots that are not the fold of their stream: without one the stream is folded from its first event."""

from infra.verify.repair.tools import Tools
from workers.verification.findings import WrongSnapshot

SNAPSHOT = "snapshot removed"


async def remove_snapshot(tools: Tools, target: WrongSnapshot) -> None:
    """Remove the snapshot, also if the stream's lane has replaced it meanwhile: it will take another. Raises
    Unavailable.
    """
    await tools.database.run("remove_snapshot", *target)
    tools.account.did(SNAPSHOT, f"of {target.context} {target.stream_id}")
