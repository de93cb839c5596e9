"""A correlation's life as the document that a client gets: each kind of node with what it has, and no more."""

from typing import Any

from tests.history.rows import command, event, notice, saga, step
from workers.history.document import trace_document
from workers.ports.history import Correlated


def noon(seconds: int) -> str:
    return f"2026-05-04T12:00:{seconds:02}.000000Z"


FOUND = Correlated(
    commands=[command("place", 1), command("reserve", 3, "placed", code="AccountNotFound")],
    events=[event("placed", 2, "place")],
    steps=[step("reserve", 2, "placed"), step("capture", 6, "deadline", name="capture", to="ada")],
    sagas=[saga(2, "placed")],
    notices=[notice("deadline", 5, "DeadlineReached", name="payment")],
)


def document(shown: Correlated = FOUND) -> dict[str, Any]:
    return trace_document("c", shown)


def node(node_id: str) -> dict[str, Any]:
    (matching,) = [node for node in document()["nodes"] if node["id"] == node_id]
    return dict(matching)


def test_says_what_it_is_about_and_how_long_it_took() -> None:
    shown = document()
    assert {name: value for name, value in shown.items() if name != "nodes"} == {
        "correlation_id": "c",
        "began_at": noon(1),
        "ended_at": noon(6),
        "pending": 1,
        "cut": [],
    }
    assert len(shown["nodes"]) == 6


def test_says_which_rows_were_too_many() -> None:
    assert document(FOUND._replace(cut=frozenset({"steps", "events"})))["cut"] == ["events", "steps"]


def test_has_an_accepted_command_without_an_error_and_without_a_step() -> None:
    assert node("place") == {
        "kind": "command",
        "id": "place",
        "parent": None,
        "depth": 0,
        "type": "orders.Do.v1",
        "at": noon(1),
        "context": "orders",
        "stream_id": "s",
        "stream_version": 1,
        "status": "accepted",
        "actor": None,
    }


def test_has_who_asked_for_a_command() -> None:
    asked = Correlated(
        commands=[command("place", 1)._replace(actor="ada")], steps=[step("capture", 2, "placed")._replace(actor="bob")]
    )
    assert [node["actor"] for node in document(asked)["nodes"]] == ["ada", "bob"]


def test_has_an_event_with_its_place_in_its_stream() -> None:
    assert node("placed") == {
        "kind": "event",
        "id": "placed",
        "parent": "place",
        "depth": 1,
        "type": "orders.Done.v1",
        "at": noon(2),
        "context": "orders",
        "stream_id": "s",
        "stream_version": 1,
        "actor": "clerk",
    }


def test_has_a_saga_with_its_status() -> None:
    assert node("fulfilment/o-1") == {
        "kind": "saga",
        "id": "fulfilment/o-1",
        "parent": "placed",
        "depth": 2,
        "type": "fulfilment",
        "at": noon(2),
        "instance_id": "o-1",
        "status": "reserving",
        "updated_at": noon(2),
    }


def test_has_a_rejected_command_with_the_rejection_and_the_step_that_sent_it() -> None:
    shown = node("reserve")
    assert (shown["status"], shown["error"]) == (
        "rejected",
        {"code": "AccountNotFound", "message": "AccountNotFound, because."},
    )
    assert shown["step"] == {
        "saga": "fulfilment",
        "instance_id": "o-1",
        "name": "go",
        "caused_at": noon(2),
        "decided_at": noon(2),
    }


def test_has_a_notice_with_what_it_says() -> None:
    assert node("deadline") == {
        "kind": "notice",
        "id": "deadline",
        "parent": "fulfilment/o-1",
        "depth": 3,
        "type": "core.DeadlineReached.v1",
        "at": noon(5),
        "instance_id": "o-1",
        "data": {"name": "payment"},
    }


def test_has_a_command_that_is_not_handled_yet_without_a_time_and_a_version() -> None:
    shown = node("capture")
    assert shown | {"step": None} == {
        "kind": "command",
        "id": "capture",
        "parent": "deadline",
        "depth": 4,
        "type": "orders.Do.v1",
        "at": None,
        "context": "orders",
        "stream_id": "ada",
        "stream_version": None,
        "status": "pending",
        "actor": None,
        "step": None,
    }
    assert shown["step"]["name"] == "capture"
