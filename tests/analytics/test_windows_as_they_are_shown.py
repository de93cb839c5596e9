"""What a metric shows: windows added from smaller ones and from several lanes, and quantiles of lengths of time."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.core.analytics import HOURS, MINUTES, Metric, Series, Totals, WindowKey
from workers.core.durations import bucket_of, longest_in, quantile
from workers.core.windows import Shown, SizeMissing, present_of, sum_of, windows_of
from workers.domain import contexts

SERIES = {
    series.name: series
    for series in (Series(n, "c", (MINUTES, HOURS), frozenset(), None) for n in "ab")  # type: ignore[arg-type]  # measures nothing
}
BOTH = Metric("both", "Both", ("a", "b"), 3600, dict)
TIMES = st.integers(0, 20_000)
EVENTS = st.lists(st.tuples(TIMES, st.sampled_from("ab"), st.sampled_from(["x", "y"]), st.integers(1, 5)))
Event = tuple[int, str, str, int]


def panes_of(events: Sequence[Event]) -> dict[WindowKey, Totals]:
    panes: dict[WindowKey, Counter[str]] = {}
    for at, series, field, amount in events:
        for size in (60, 3600):
            panes.setdefault(WindowKey(series, size, at - at % size), Counter())[field] += amount
    return dict(panes)


def counted(events: Sequence[Event], start: int, end: int) -> dict[str, int]:
    sums = Counter[str]()
    for at, _, field, amount in events:
        if start <= at < end:
            sums[field] += amount
    return dict(sums)


@given(EVENTS, st.sampled_from([60, 300, 3600, 5400, 7200]), st.sampled_from([60, 120, 3600, None]), TIMES, TIMES)
def test_a_window_has_what_happened_in_it(
    events: list[Event], window: int, step: int | None, start: int, length: int
) -> None:
    shown = list(windows_of(BOTH, SERIES, panes_of(events), start, start + length, window=window, step=step))
    ends = [end for end in range(start + 1, start + length + 1) if end % (step or window) == 0]
    assert shown == [Shown(end - window, end, counted(events, end - window, end)) for end in ends]


@given(st.lists(EVENTS, max_size=3))
def test_windows_of_lanes_are_added(lanes: list[list[Event]]) -> None:
    assert sum_of(map(panes_of, lanes)) == panes_of([event for lane in lanes for event in lane])


@pytest.mark.parametrize(("window", "step", "named"), [(90, None, 90), (60, 30, 30), (3600, 90, 90)])
def test_a_length_that_no_windows_make_up_is_refused(window: int, step: int | None, named: int) -> None:
    with pytest.raises(SizeMissing, match=f"not {named} s"):
        list(windows_of(BOTH, SERIES, {}, 0, 3600, window=window, step=step))


LENGTHS = st.one_of(st.integers(0, 200), st.integers(0, 10**15))


@given(LENGTHS)
def test_a_length_of_time_is_in_a_bucket_whose_longest_is_at_most_a_32nd_longer(length: int) -> None:
    longest = longest_in(bucket_of(length))
    assert length <= longest <= length + length // 32
    assert bucket_of(longest) == bucket_of(length)
    assert bucket_of(longest + 1) == bucket_of(length) + 1


def test_a_negative_length_counts_as_none() -> None:
    assert bucket_of(-5) == bucket_of(0) == 0


@given(st.lists(LENGTHS, min_size=1), st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_is_at_most_3_2_percent_too_large(lengths: list[int], share: float) -> None:
    exact = next(length for rank, length in enumerate(sorted(lengths), start=1) if rank >= share * len(lengths))
    found = quantile(Counter(map(bucket_of, lengths)), share)
    assert found is not None
    assert exact <= found <= exact * 1.032
    assert quantile({}, share) is None


ORDERS = {metric.name: metric for metric in contexts()["orders"].analytics.metrics}
NOW = 1_800_000_000


def test_the_share_of_confirmed_orders_and_how_soon_they_were() -> None:
    totals = {"placed": 4, "confirmed": 3, "took:0": 1, f"took:{bucket_of(1000)}": 2}
    shown = ORDERS["conversion"].show(totals)
    assert (shown["conversion"], shown["p50_seconds"], shown["p99_seconds"]) == (0.75, 1.007, 1.007)
    assert ORDERS["conversion"].show({})["conversion"] is None


@given(st.lists(st.integers(0, 100 * 86_400), max_size=30))
def test_open_orders_are_counted_by_their_age_once_each(ages: list[int]) -> None:
    series = {series.name: series for series in contexts()["orders"].analytics.series}
    panes: dict[WindowKey, Counter[str]] = {}
    for age in ages:
        placed_at = NOW - age
        for size in (60, 3600):
            panes.setdefault(WindowKey("orders", size, placed_at - placed_at % size), Counter())["placed"] += 1
    small_are_kept_for = MINUTES.seconds + MINUTES.kept_seconds
    kept = {key: sums for key, sums in panes.items() if key.size == 3600 or NOW - key.start < small_are_kept_for}
    shown = present_of(ORDERS["open_orders"], series, dict(kept), NOW)
    assert shown["open"] == sum(shown["by_age"].values()) == len(ages)
    assert shown["by_age"]["older"] <= sum(age >= 86_400 - 3600 for age in ages)
    assert shown["by_age"]["older"] >= sum(age >= 86_400 for age in ages)
