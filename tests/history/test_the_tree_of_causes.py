"""What shares a correlation id becomes a tree in the order of cause: every row once, parents before their children."""

from collections import Counter
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.history.rows import command, event, notice, outline, saga, step
from workers.history.nodes import Node
from workers.history.tree import tree
from workers.ports.history import Correlated

IDS = [f"id-{number}" for number in range(8)]


def test_a_request_its_event_and_what_a_saga_made_of_it() -> None:
    correlated = Correlated(
        commands=[command("reserve", 3, "placed"), command("place", 1)],
        events=[event("reserved", 3, "reserve"), event("placed", 1, "place")],
        steps=[step("capture", 4, "reserved"), step("reserve", 2, "placed")],
        sagas=[saga(2, "placed")],
    )
    assert outline(correlated) == [
        "command place",
        ".event placed",
        "..saga fulfilment/o-1",
        "...command reserve",
        "....event reserved",
        ".....command capture",
    ]
    nodes = {node.id: node for node in tree(correlated)}
    assert (nodes["capture"].status, nodes["capture"].at) == ("pending", None)
    assert nodes["reserve"].step == correlated.steps[1]
    assert nodes["placed"].actor == "clerk"


def test_a_saga_whose_beginning_was_not_noted_stands_under_the_cause_of_its_first_step() -> None:
    correlated = Correlated(
        commands=[command("place", 1)],
        events=[event("placed", 1, "place"), event("later", 5, "place", 2)],
        steps=[step("second", 6, "later"), step("first", 2, "placed")],
        sagas=[saga(2)],
    )
    assert outline(correlated) == [
        *("command place", ".event placed", "..saga fulfilment/o-1", "...command first"),
        *(".event later", "..command second"),
    ]


def test_the_first_step_is_the_one_that_was_decided_first_whatever_its_id() -> None:
    correlated = Correlated(
        events=[event("placed", 1, "place"), event("later", 5, "place", 2)],
        steps=[step("a", 6, "later"), step("b", 2, "placed")],
        sagas=[saga(2)],
    )
    assert outline(correlated) == ["event placed", ".saga fulfilment/o-1", "..command b", "event later", ".command a"]


def test_a_saga_stands_under_the_event_that_was_noted_even_if_its_first_step_came_of_another() -> None:
    correlated = Correlated(
        events=[event("placed", 1, "place"), event("later", 5, "place", 2)],
        steps=[step("a", 6, "later")],
        sagas=[saga(2, "placed")],
    )
    assert outline(correlated) == ["event placed", ".saga fulfilment/o-1", "event later", ".command a"]


def test_a_deadline_stands_under_its_saga_and_its_steps_under_the_deadline() -> None:
    correlated = Correlated(
        commands=[command("place", 1)],
        events=[event("placed", 1, "place")],
        steps=[step("reserve", 2, "placed"), step("release", 31, "passed")],
        sagas=[saga(2, "placed")],
        notices=[notice("passed", 31, "DeadlinePassed", deadline="confirmation")],
    )
    assert outline(correlated)[2:] == [
        "..saga fulfilment/o-1",
        "...command reserve",
        "...notice passed",
        "....command release",
    ]
    assert {node.id: node.data for node in tree(correlated)}["passed"] == {"deadline": "confirmation"}


def test_a_step_whose_cause_is_not_known_stands_under_its_saga() -> None:
    correlated = Correlated(steps=[step("release", 31, "some-deadline")], sagas=[saga(2)])
    assert outline(correlated) == ["saga fulfilment/o-1", ".command release"]


def test_a_rejection_that_a_saga_handled_stands_under_the_rejected_command() -> None:
    correlated = Correlated(
        commands=[command("place", 1), command("reserve", 3, "placed", code="AccountNotFound", to="ada")],
        events=[event("placed", 1, "place")],
        steps=[step("reserve", 2, "placed", name="funds", to="ada"), step("cancel", 4, "refused")],
        sagas=[saga(2, "placed")],
        notices=[notice("refused", 4, "StepRejected", step="funds", to="ada", code="AccountNotFound")],
    )
    assert outline(correlated)[2:] == [
        "..saga fulfilment/o-1",
        "...command reserve",
        "....notice refused",
        ".....command cancel",
    ]
    nodes = {node.id: node for node in tree(correlated)}
    assert (nodes["reserve"].status, nodes["reserve"].code) == ("rejected", "AccountNotFound")


def test_a_rejection_stands_under_the_last_command_of_the_step_that_was_not_accepted() -> None:
    tries = [("z", 3, "AccountNotFound"), ("y", 5, "AccountNotFound"), ("a", 7, None)]
    correlated = Correlated(
        commands=[command(command_id, at, "placed", code=code, to="ada") for command_id, at, code in reversed(tries)],
        events=[event("placed", 1, "place")],
        steps=[step(command_id, at - 1, "placed", name="funds", to="ada") for command_id, at, _ in tries],
        sagas=[saga(2, "placed")],
        notices=[notice("refused", 8, "StepRejected", step="funds", to="ada", code="AccountNotFound")],
    )
    assert {node.id: node.parent for node in tree(correlated)}["refused"] == "y"


def test_what_happened_at_the_same_time_stands_in_the_order_of_its_lane() -> None:
    correlated = Correlated(
        commands=[command("b", 1)._replace(sequence=1), command("a", 1)._replace(sequence=2)],
        events=[event("y", 2, "b", 3), event("x", 2, "b", 4)],
    )
    assert outline(correlated) == ["command b", ".event y", ".event x", "command a"]


def test_a_command_may_follow_from_an_event_or_from_another_command() -> None:
    correlated = Correlated(
        commands=[command("a", 1), command("b", 2, "e"), command("c", 3, "a"), command("d", 4, "who knows")],
        events=[event("e", 1, "a")],
    )
    assert outline(correlated) == ["command a", ".event e", "..command b", ".command c", "command d"]


def test_callers_who_say_that_two_commands_caused_one_another_get_a_root_all_the_same() -> None:
    correlated = Correlated(commands=[command("a", 2, "b"), command("b", 1, "a"), command("c", 3, "a")])
    assert outline(correlated) == ["command b", ".command a", "..command c"]


@pytest.mark.parametrize(("cut", "status"), [(frozenset(), "pending"), (frozenset({"commands"}), "unknown")])
def test_where_commands_were_cut_none_is_said_to_be_pending(cut: frozenset[str], status: str) -> None:
    (node,) = tree(Correlated(steps=[step("a", 1, "e")], cut=cut))
    assert node.status == status


def test_a_chain_of_thousands_is_no_trouble() -> None:
    rows = [command(f"c-{number}", number, f"c-{number - 1}") for number in range(5000)]
    assert [node.depth for node in tree(Correlated(commands=rows))] == list(range(5000))


seconds = st.integers(0, 5)
anybody = st.sampled_from([*IDS, "unknown"])
outcomes = st.builds(
    command, st.sampled_from(IDS), seconds, st.none() | anybody, code=st.sampled_from([None, "EmailTaken"])
)
events = st.builds(event, st.sampled_from(IDS), seconds, anybody, st.integers(1, 9))
steps = st.builds(step, st.sampled_from(IDS), seconds, anybody, name=st.sampled_from(["go", "stop"]))
sagas = st.builds(saga, seconds, st.none() | anybody)
notices = st.builds(
    notice,
    st.sampled_from(IDS),
    seconds,
    st.just("StepRejected"),
    step=st.just("go"),
    to=st.just("s"),
    code=st.just("X"),
)
whatever = st.builds(
    Correlated,
    commands=st.lists(outcomes, max_size=8, unique_by=lambda row: row.command_id),
    events=st.lists(events, max_size=8, unique_by=lambda row: row.event_id),
    steps=st.lists(steps, max_size=8, unique_by=lambda row: row.command_id),
    sagas=st.lists(sagas, max_size=1),
    notices=st.lists(notices, max_size=2, unique_by=lambda row: row.event_id),
)


@given(correlated=whatever)
def test_every_row_is_there_once_whatever_callers_say_of_causes(correlated: Correlated) -> None:
    nodes = tree(correlated)
    expected = Counter(
        {
            ("command", command_id)
            for command_id in [row.command_id for row in correlated.commands] + [s.command_id for s in correlated.steps]
        }
        | {("event", row.event_id) for row in correlated.events}
        | {("saga", f"{row.saga}/{row.instance_id}") for row in correlated.sagas}
        | {("notice", row.event_id) for row in correlated.notices}
    )
    assert Counter((node.kind, node.id) for node in nodes) == expected


@given(correlated=whatever)
def test_the_list_is_a_tree_and_siblings_stand_in_the_order_of_time(correlated: Correlated) -> None:
    path: list[Node] = []
    last_child: dict[tuple[str, str] | None, Node] = {}
    for node in tree(correlated):
        assert node.depth <= len(path)
        del path[node.depth :]
        parent = path[-1] if path else None
        assert node.parent == (parent.id if parent else None)
        place = None if parent is None else (parent.kind, parent.id)
        if place in last_child:
            assert _time(last_child[place]) <= _time(node)
        last_child[place] = node
        path.append(node)


@given(delays=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=20))
def test_no_child_is_earlier_than_its_parent_where_causes_come_before_effects(delays: list[tuple[int, int]]) -> None:
    """Each thing follows, some seconds later, from one of those before it."""
    commands, events_, times = [command("c-0", 0)], [event("e-0", 0, "c-0")], [0]
    for number, (drawn, delay) in enumerate(delays, start=1):
        cause = drawn % number
        times.append(times[cause] + delay)
        commands.append(command(f"c-{number}", times[number], f"e-{cause}"))
        events_.append(event(f"e-{number}", times[number], f"c-{number}"))
    nodes = tree(Correlated(commands=commands[::-1], events=events_))
    assert len(nodes) == 2 * len(times)
    seen: dict[str, Node] = {}
    for node in nodes:
        assert node.parent is None or _time(seen[node.parent]) <= _time(node)
        seen[node.id] = node


def _time(node: Node) -> datetime:
    at = node.at or (node.step.decided_at if node.step else None)
    assert at is not None
    return at
