"""Answers an operator's probes in the event loop of the process, where its hosts live.

The endpoint has threads of its own. What a host reads to answer changes in the loop meanwhile, and a driver may make
something at the first look which then belongs to the thread that looked: Faust's tables did, and never started.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from infra.processes.roles import Host
from workers.lanes.host import LIVENESS_SECONDS
from workers.ports.clock import Clock

# Less than the time that a probe is given to be answered in.
ANSWER_SECONDS = 3.0


class Probes:
    """Asks the hosts of this process, of which there are none while it waits for a server. Make it in their loop, and
    ask from other threads.
    """

    def __init__(
        self, hosts: Sequence[Host], *, answer_seconds: float = ANSWER_SECONDS, clock: Clock = time.monotonic
    ) -> None:
        self._hosts = hosts
        self._answer_seconds = answer_seconds
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._silent_since: float | None = None

    def ready(self) -> bool:
        """Whether all hosts are ready. A loop that is too busy to answer serves nobody."""
        try:
            return self._asked(lambda: bool(self._hosts) and all(host.ready for host in self._hosts))
        except TimeoutError:
            return False

    def alive(self) -> bool:
        """Whether all hosts are alive. A loop may be busy for long with what cannot be divided."""
        try:
            return self._asked(lambda: all(host.alive for host in self._hosts))
        except TimeoutError:
            silent_since = self._silent_since
            return silent_since is None or self._clock() - silent_since <= LIVENESS_SECONDS

    def _asked(self, question: Callable[[], bool]) -> bool:
        """Raises TimeoutError when the loop does not answer, or is no more."""
        answer: Future[bool] = Future()
        asked_at = self._clock()

        def ask() -> None:
            self._silent_since = None
            try:
                answer.set_result(question())
            except Exception as error:  # noqa: BLE001  # of the host, for who asks
                answer.set_exception(error)

        try:
            self._loop.call_soon_threadsafe(ask)
        except RuntimeError as error:  # it is closed
            raise TimeoutError from error
        try:
            return answer.result(self._answer_seconds)
        except TimeoutError:
            if self._silent_since is None and not answer.done():
                self._silent_since = asked_at
            raise
