"""The growth rates of a role's processes, computed from samples."""

import pytest

from infra.measuring.soak.sampling import LONG_LIFE_SECONDS, WARM_UP_SECONDS, Sample, counters_in, slopes


def _life(
    seconds: float, kb_per_minute: float, files_per_minute: float = 0.0, *, at_start_kb: float = 0.0
) -> list[Sample]:
    """The samples of a process that grows evenly, and much faster in its first minute."""
    ages = [5.0 * number for number in range(int(seconds / 5) + 1)]
    warming = [(min(age, WARM_UP_SECONDS - 5) - WARM_UP_SECONDS) * 1000 for age in ages]
    return [
        Sample(
            age,
            at_start_kb + kb_per_minute * age / 60 + (warm if age < WARM_UP_SECONDS else 0),
            files_per_minute * age / 60,
        )
        for age, warm in zip(ages, warming, strict=True)
    ]


def test_are_those_after_the_warm_up() -> None:
    medians = slopes([_life(600, 12.0, 0.5)])
    assert medians.processes == 1
    assert medians.kb_per_minute == pytest.approx(12.0)
    assert medians.descriptors_per_minute == pytest.approx(0.5)
    assert medians.resident_kb == pytest.approx(120.0)


def test_are_the_medians_of_the_processes_that_lived_long_enough() -> None:
    medians = slopes([_life(600, 1.0), _life(300, 2.0), _life(400, 30.0), _life(LONG_LIFE_SECONDS - 5, 9999.0), []])
    assert medians.processes == 3
    assert medians.kb_per_minute == pytest.approx(2.0)


def test_are_none_when_no_process_lived_long_enough() -> None:
    assert slopes([_life(60, 5.0)]) == (0, None, None, None)


def test_counters_are_summed_over_their_labels_and_others_left_out() -> None:
    scrape = (
        "# TYPE annals_lane_takeovers_total counter\n"
        'annals_lane_takeovers_total{role="command",topic="a"} 3.0\n'
        'annals_lane_takeovers_total{role="command",topic="b"} 4.0\n'
        "# TYPE annals_lanes_held gauge\n"
        'annals_lanes_held{role="command",topic="a"} 9.0\n'
    )
    assert counters_in(scrape) == {"annals_lane_takeovers_total": 7}
