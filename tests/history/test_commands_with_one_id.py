"""Commands of several streams may have one id: in the tree of causes each is itself."""

from tests.history.rows import command, event, outline, saga, step
from workers.history.tree import tree
from workers.ports.history import Correlated


def test_commands_of_two_streams_with_one_id_are_two_and_each_has_its_own_events() -> None:
    other = event("y", 3, "a")._replace(stream_id="t")
    correlated = Correlated(
        commands=[command("a", 1), command("a", 2, to="t"), command("b", 4, "a")], events=[event("x", 2, "a"), other]
    )
    assert outline(correlated) == ["command a", ".event x", ".command b", "command a", ".event y"]


def test_a_step_is_not_taken_for_another_command_under_its_id() -> None:
    """Somebody who guesses the id of a step and uses it elsewhere does not make the step look handled."""
    correlated = Correlated(
        commands=[command("place", 1), command("reserve", 2, to="mallory")],
        events=[event("placed", 1, "place")],
        steps=[step("reserve", 2, "placed", to="ada", context="payments")],
        sagas=[saga(2, "placed")],
    )
    statuses = {node.stream_id: node.status for node in tree(correlated) if node.id == "reserve"}
    assert statuses == {"mallory": "accepted", "ada": "pending"}
