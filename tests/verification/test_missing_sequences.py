"""What a log has left out so far, kept as stretches: against a plain set of numbers, and within its bound."""

from hypothesis import given
from hypothesis import strategies as st

from workers.operations.verification.comparisons.missing_sequences import MissingSequences, Stretch

gaps = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4)), max_size=8)


@given(steps=gaps, late=st.lists(st.integers(1, 60), max_size=40))
def test_are_those_left_out_less_those_that_came(steps: list[tuple[int, int]], late: list[int]) -> None:
    missing, left = MissingSequences(), set[int]()
    position = 0
    for present, absent in steps:
        first = position + present + 1
        position += present + absent
        if absent:
            missing.add(first, position, "here")
            left |= set(range(first, position + 1))
    for sequence in late:
        assert missing.remove(sequence) == (sequence in left)
        left.discard(sequence)
    assert [sequence for stretch in missing for sequence in range(stretch.first, stretch.last + 1)] == sorted(left)


def test_give_up_the_oldest_when_there_are_too_many() -> None:
    missing = MissingSequences(max_stretches=2)
    assert missing.add(1, 1, "a") is None
    assert missing.add(3, 4, "b") is None
    assert missing.add(6, 6, "c") == Stretch(1, 1, "a")
    assert not missing.remove(1)
    assert missing.remove(3)
    assert [(stretch.first, stretch.last) for stretch in missing] == [(4, 4), (6, 6)]
