"""Removes snapshots that are not the fold of their stream: without one the stream is folded from its first event."""

from workers.operations.repair.tools import RepairTools
from workers.operations.verification.findings import WrongSnapshot

KIND = "snapshot removed"


async def remove_snapshot(tools: RepairTools, target: WrongSnapshot) -> None:
    """Remove the snapshot, also if the stream's lane has replaced it meanwhile: the lane takes another one later.
    Raises Unavailable.
    """
    await tools.table.remove_snapshot(target.context, target.stream_id)
    tools.report.repaired(KIND, f"of {target.context} {target.stream_id}")
