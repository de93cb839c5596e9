"""A verification in the background uses a twentieth of a core, shows that it is alive, and rests for no longer than its
bound.
"""

import pytest

from workers.operations.audit.pace import MAX_REST_SECONDS, SHARE, SlowPace


class Clock:
    """Of a machine on which nothing passes but work and rest."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("worked_seconds", [0.0, 0.001, 0.1, MAX_REST_SECONDS * SHARE])
async def test_it_rests_so_long_that_work_has_its_share(worked_seconds: float) -> None:
    clock, looks = Clock(), list[None]()
    pace = SlowPace(clock, lambda: looks.append(None))
    for _ in range(3):
        began = clock.now
        clock.now += worked_seconds
        await pace(1)
        assert worked_seconds == pytest.approx((clock.now - began) * SHARE)
    assert len(looks) == 3


async def test_a_chunk_that_took_long_is_followed_by_the_longest_rest() -> None:
    clock = Clock()
    pace = SlowPace(clock, lambda: None)
    clock.now += 60
    await pace(1)
    assert clock.now == pytest.approx(160 + MAX_REST_SECONDS)
