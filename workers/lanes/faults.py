"""What a fault of a lane means: what is said of it, and how long the lane waits before it is acquired again."""

from collections.abc import Mapping
from typing import Any

import structlog

from contracts.stored_events import NewerRelease
from workers import telemetry
from workers.lanes.work import Contended, Restart
from workers.ports.lanes import Contradiction, Fenced, Unavailable
from workers.ports.log import PublishFailed

FENCED_DELAY_SECONDS = 3.0
NEWER_RELEASE_DELAY_SECONDS = 30.0

log = structlog.get_logger(__name__)


def delay_after(error: BaseException, delay_seconds: float, lane: Mapping[str, Any]) -> float:
    """Log a fault of a lane; returns the seconds to wait: `delay_seconds`, unless its kind requires another time."""
    match error:
        case Restart():
            log.info("lane starts over", reason=str(error), **lane)
            return 0.0
        case Fenced():
            telemetry.FENCED.labels(lane["role"], lane["topic"]).inc()
            log.warning("lane lost to another worker", advice="nothing to do: it continues there", **lane)
            # If the group still assigns the lane to us after this time, the other worker was the late one.
            return FENCED_DELAY_SECONDS
        case NewerRelease():
            advice = "upgrade this worker; a worker of a newer release takes the lane as soon as there is one"
            log.error("lane left to a newer release", reason=error.explanation, advice=advice, **lane)
            return NEWER_RELEASE_DELAY_SECONDS
        case Unavailable() | PublishFailed() | Contended():
            log.warning("lane waits", reason=str(error), again_in_seconds=round(delay_seconds, 1), **lane)
        case Contradiction():
            again = round(delay_seconds, 1)
            log.error("lane waits for an operator", reason=str(error), again_in_seconds=again, **lane)
        case _:
            again = round(delay_seconds, 1)
            log.error("lane stopped by a bug", again_in_seconds=again, exc_info=error, **lane)
    return delay_seconds
