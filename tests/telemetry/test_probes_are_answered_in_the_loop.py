"""Probes are answered where the hosts live, and within a bound, whatever the loop does."""

import asyncio
import threading

import pytest

from infra.processes.probes import Probes
from workers.lanes.host import LIVENESS_SECONDS


class HostOfAThread:
    """A host that notes in which threads it is asked."""

    def __init__(self, *, ready: bool = True, alive: bool = True) -> None:
        self.asked_in: set[int] = set()
        self._ready, self._alive = ready, alive

    @property
    def ready(self) -> bool:
        self.asked_in.add(threading.get_ident())
        return self._ready

    @property
    def alive(self) -> bool:
        self.asked_in.add(threading.get_ident())
        return self._alive

    def stop(self) -> None: ...

    async def run(self) -> None: ...


@pytest.mark.parametrize("answer", [True, False])
async def test_by_the_hosts_in_their_own_thread(answer: bool) -> None:
    good, other = HostOfAThread(), HostOfAThread(ready=answer, alive=answer)
    probes = Probes([good, other])
    assert await asyncio.to_thread(probes.ready) is answer
    assert await asyncio.to_thread(probes.alive) is answer
    assert good.asked_in == other.asked_in == {threading.get_ident()}


async def test_without_hosts_the_process_waits_for_a_server_and_is_alive() -> None:
    probes = Probes([])
    assert not await asyncio.to_thread(probes.ready)
    assert await asyncio.to_thread(probes.alive)


async def test_a_loop_that_is_busy_is_not_ready_and_alive_until_it_is_silent_for_long() -> None:
    now = 0.0
    probes = Probes([HostOfAThread()], answer_seconds=0.05, clock=lambda: now)
    answers: list[tuple[bool, bool]] = []

    def ask() -> None:
        nonlocal now
        # That nobody asks for long is no silence of the loop.
        for seconds in (2 * LIVENESS_SECONDS, LIVENESS_SECONDS - 1.0, 2.0):
            now += seconds
            answers.append((probes.ready(), probes.alive()))

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()  # the loop can do nothing meanwhile
    assert answers == [(False, True), (False, True), (False, False)]
    now += 1.0
    assert await asyncio.to_thread(probes.ready)
    assert await asyncio.to_thread(probes.alive)


def test_a_loop_that_has_ended_is_not_ready() -> None:
    async def made() -> Probes:
        return Probes([HostOfAThread()])

    probes = asyncio.run(made())
    assert not probes.ready()


async def test_a_bug_of_a_host_is_raised_to_who_asks() -> None:
    class Broken(HostOfAThread):
        @property
        def ready(self) -> bool:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(Probes([Broken()]).ready)
