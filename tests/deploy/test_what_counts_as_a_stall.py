"""What `LaneWatch` takes for a stall, and what it does not."""

from tests.deploy.lane_stalls import Progress, Stall


def looked(*looks: tuple[int, bool, float]) -> Stall:
    """The longest stall in half-second looks: position, whether there is work, and how long somebody was starved."""
    progress = Progress()
    for position, has_work, starved_seconds in looks:
        progress.note(position, has_work=has_work, look_seconds=0.5, starved_seconds=starved_seconds)
    return progress.longest


def test_a_lane_that_has_work_and_does_not_move() -> None:
    assert looked((1, True, 0.0), *[(1, True, 0.0)] * 6, (2, True, 0.0), (2, True, 0.0)) == Stall(3.0, 0.0)


def test_not_a_lane_without_work() -> None:
    assert looked((1, True, 0.0), *[(1, False, 0.0)] * 6) == Stall()


def test_not_the_time_without_a_processor() -> None:
    stall = looked((1, True, 0.0), *[(1, True, 0.4)] * 5, (2, True, 0.0), *[(2, True, 0.0)] * 2)
    assert stall == Stall(1.0, 0.0), "the longer one is the machine's"
