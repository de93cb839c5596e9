"""The open reservations of a SKU."""

from hypothesis import given
from hypothesis import strategies as st

from workers.domain.inventory.reservations import Reservations, closed, opened, reserved_for

# Some end alike, some are shorter than a group's name.
order_ids = st.sampled_from(["a", "b", "ab", "xab", "yab", "xcd", "xa"])
changes = st.lists(st.tuples(order_ids, st.integers(1, 9)), max_size=30)


@given(changes)
def test_answer_as_one_mapping_would_and_leave_the_value_before_alone(asked: list[tuple[str, int]]) -> None:
    plain: dict[str, int] = {}
    grouped: Reservations = {}
    for order_id, quantity in asked:
        before, shown = grouped, repr(grouped)
        if order_id in plain:
            del plain[order_id]
            grouped = closed(grouped, order_id)
        else:
            plain[order_id] = quantity
            grouped = opened(grouped, order_id, quantity)
        assert repr(before) == shown
        for any_id in ("a", "b", "ab", "xab", "yab", "xcd", "xa"):
            assert reserved_for(grouped, any_id) == plain.get(any_id)
        assert all(grouped.values()), "an empty group is left"


def test_cost_a_change_the_copy_of_one_group() -> None:
    many: Reservations = {}
    for number in range(10_000):
        many = opened(many, f"order-{number:05d}", 1)
    after = opened(many, "order-99999", 1)
    copied = [name for name, group in after.items() if group is not many[name]]
    assert (copied, len(after["99"])) == (["99"], 101)
