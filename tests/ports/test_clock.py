"""A clock never goes back, and stands still only in memory."""

import time

import pytest

from infra.memory.clock import MemoryClock
from workers.ports.clock import Clock


@pytest.mark.parametrize("clock", [time.monotonic, MemoryClock(7.0)], ids=["real", "memory"])
def test_it_never_goes_back(clock: Clock) -> None:
    seen = [clock() for _ in range(1000)]
    assert seen == sorted(seen)


def test_in_memory_it_goes_on_when_the_test_moves_it() -> None:
    clock = MemoryClock()
    assert (clock(), clock()) == (0.0, 0.0)
    clock.advance(3600.0)
    assert clock() == 3600.0
    with pytest.raises(ValueError, match="go back"):
        clock.advance(-1.0)
    assert clock() == 3600.0
