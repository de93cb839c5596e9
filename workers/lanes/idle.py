"""Lanes that wait for records: what each of them looked for by itself once a second, one look does for all.

A lane is idle once it has waited for a while: then its work is asked to look around (`LaneWork.idle`). From then on the
lane rests, and the role's idle look tells with a few questions, however many lanes there are, which of them have
something to do. Only those wake up. Records wake a lane at once, whatever the look is doing.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any

import structlog

from workers.background import asked_to_end
from workers.lanes.runner import IDLE_SECONDS, LaneRunner
from workers.ports.lanes import Unavailable

# The works that rest (`LaneWork` of one role) -> those of them that have something to do.
IdleLook = Callable[[Sequence[Any]], Awaitable[Collection[Any]]]

# The processes of one machine have one clock: without this all of them would ask the servers at the same moments.
_PHASE_SECONDS = random.uniform(0.0, 1.0)  # noqa: S311  # no secret

log = structlog.get_logger(__name__)


async def look_after(
    role: str, runners: Callable[[], Iterable[LaneRunner]], look: IdleLook, rhythm: Callable[[float], float]
) -> None:
    """Wake those lanes that have something to do, once a second, until cancelled. With `until_next` for their
    `rhythm`, all hosts of a process look at the same time, and the stores answer their questions together.

    If the look cannot tell, all lanes wake up: each of them notices by itself what is wrong.
    """
    while True:
        await asyncio.sleep(rhythm(IDLE_SECONDS))
        waiting = [runner for runner in runners() if runner.waiting.is_under_way]
        resting = [runner for runner in waiting if runner.waiting.is_rest]
        for runner in waiting:
            if not runner.waiting.is_rest and runner.waiting.has_lasted(IDLE_SECONDS / 2):
                runner.waiting.end()
        busy = await _busy([runner.work for runner in resting], look, role) if resting else ()
        for runner in resting:
            if runner.work in busy:
                runner.waiting.end()
            elif runner.waiting.is_rest:
                runner.note_progress()


def until_next(interval_seconds: float) -> float:
    """Seconds until the process's clock is at the next multiple of the interval: whoever waits for it wakes up
    together, and a process that has nothing to do wakes up less often.
    """
    return interval_seconds - (asyncio.get_running_loop().time() + _PHASE_SECONDS) % interval_seconds


async def _busy(works: Sequence[Any], look: IdleLook, role: str) -> Collection[Any]:
    try:
        return await look(works)
    except Unavailable as error:
        log.debug("the lanes look for themselves", role=role, reason=str(error))
    except asyncio.CancelledError:
        if asked_to_end():
            raise
        log.warning("a driver cancelled the look at idle lanes; the lanes look for themselves", role=role)
    except Exception:
        log.exception("the look at idle lanes failed by a bug; the lanes look for themselves", role=role)
    return set(works)
