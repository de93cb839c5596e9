"""`annals trace`, and rejected uses of `annals undo`, on servers with two users' streams and without a worker."""

import json
import re
from typing import Any

import pytest

from infra.cli.trace_lines import MAX_INDENTED_DEPTH, trace_lines
from tests.cli.conftest import Annals
from tests.history.rows import command, event, notice, saga, step
from workers.history.document import trace_document
from workers.ports.history import Correlated


def lines(correlated: Correlated) -> list[str]:
    """The printed lines without colours."""
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in trace_lines(trace_document("shop/1", correlated))]


def test_a_tree_shows_times_marks_reasons_and_causes() -> None:
    shown = lines(
        Correlated(
            commands=[command("c-1", 1), command("c-2", 1.25, "e-1", code="Declined"), command("c-4", 2, "e-1")],
            events=[event("e-1", 1, "c-1")],
            steps=[step("c-2", 1.125, "e-1", name="reserve", to="s"), step("c-3", 1.5, "n-1", name="cancel")],
            sagas=[saga(1.125, "e-1")],
            notices=[notice("n-1", 1.25, "StepRejected", step="reserve", to="s", code="Declined")],
        )
    )
    assert shown == [
        "shop/1, 4 commands, 1 event, 1 saga, 1 pending, began 2026-05-04T12:00:01.000000Z, took 1.000 s",
        "  +0.000s  ✔ orders.Do.v1 s",
        "  +0.000s  └─ • orders.Done.v1 s@1  by clerk",
        "  +0.125s     ├─ ⚙ saga fulfilment o-1: reserving",
        "  +0.250s     │  └─ ✘ fulfilment · reserve: orders.Do.v1 s  rejected Declined: Declined, because.",
        "  +0.250s     │     └─ ↩ StepRejected step=reserve to=s code=Declined",
        "              │        └─ … fulfilment · cancel: orders.Do.v1 s  pending",
        "  +1.000s     └─ ✔ orders.Do.v1 s",
    ]


def test_a_deep_tree_shows_its_depth_instead_of_growing_too_wide() -> None:
    rows = [command(f"c-{number}", number, f"c-{number - 1}") for number in range(100)]
    shown = lines(Correlated(commands=rows))
    assert max(len(line) for line in shown[1:]) < 3 * MAX_INDENTED_DEPTH + 50
    assert "(99) ✔ orders.Do.v1 s" in shown[-1]


def test_a_cut_is_reported() -> None:
    correlated = Correlated(commands=[command("c-1", 1)], cut=frozenset({"commands"}))
    assert lines(correlated)[-1] == "Only the earliest commands are shown; --limit shows more."


async def test_the_events_of_a_request_are_found_by_its_id(annals: Annals) -> None:
    ended = await annals("trace", "a-request", "--json")
    assert ended.code == 0, ended.errors
    document: dict[str, Any] = json.loads(ended.output)
    assert [node["type"] for node in document["nodes"] if node["kind"] == "event"] == [
        *("users.UserCreated.v2", "users.UserCreated.v2", "users.UserWelcomed.v1", "users.UserUpdated.v1"),
    ]
    cut = json.loads((await annals("trace", "a-request", "--json", "--limit", "1")).output)
    assert (len(cut["nodes"]), cut["cut"]) == (2, ["commands", "events"])


async def test_an_unknown_id_is_refused_with_advice(annals: Annals) -> None:
    ended = await annals("trace", "unknown")
    assert ended.code == 1
    assert "X-Correlation-Id" in ended.errors
    assert "Traceback" not in ended.errors


@pytest.mark.parametrize(
    ("stream", "code", "reason"),
    [
        ("users/grace", 1, "NothingToUndo"),
        ("users/unknown", 1, "There is no stream users/unknown"),
        ("payments/ada", 2, "cannot be undone"),
        ("users/", 2, "cannot be undone"),
    ],
)
async def test_nothing_is_undone_that_cannot_be(annals: Annals, stream: str, code: int, reason: str) -> None:
    ended = await annals("undo", stream)
    assert (ended.code, "Traceback" in ended.errors) == (code, False)
    assert reason in ended.errors
