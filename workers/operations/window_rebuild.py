"""`annals analytics rebuild`: has the analytics workers build all windows from the event table.

The positions of the lanes are removed from the workers' table, so the next worker begins each lane with its first event
(workers/analytics/lane.py). A worker that runs would write its position again, so there must be none.
"""

from collections.abc import Collection, Sequence

from workers.operations.interventions import Operator
from workers.ports.analytics import WindowBuilds

ACTION = "analytics-rebuild"
TARGET = "analytics"


class AnalyticsWorkersRun(Exception):
    """Analytics workers run, so their windows cannot be built again. `has_removed`: they started meanwhile."""

    def __init__(self, hosts: Sequence[str], *, has_removed: bool) -> None:
        running = f"{len(hosts)} analytics workers are in their group (on {', '.join(sorted(set(hosts)))})"
        effect = "they came meanwhile, and may have kept their windows" if has_removed else "nothing was done"
        super().__init__(
            f"{running}; {effect}. Stop them: end each `annals worker analytics` with SIGTERM, or scale their "
            "deployment to 0 (of `annals up`: end it and run `annals stack`). One that was killed leaves the group "
            "when its session has ended. Then run this again"
        )
        self.hosts, self.has_removed = tuple(hosts), has_removed


async def rebuild_windows(builds: WindowBuilds, operator: Operator, contexts: Collection[str]) -> None:
    """Have all windows of these contexts built again. Raises AnalyticsWorkersRun, Unavailable and Unstorable."""
    if hosts := await builds.hosts():
        raise AnalyticsWorkersRun(hosts, has_removed=False)
    await operator.record(ACTION, TARGET, {"contexts": sorted(contexts)})
    await builds.remove_positions(contexts)
    if hosts := await builds.hosts():
        raise AnalyticsWorkersRun(hosts, has_removed=True)
