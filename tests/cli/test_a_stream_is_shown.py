"""`annals stream show`."""

import json
from typing import Any

import pytest

from contracts.payments.examples import DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER
from tests.cli.conftest import Annals
from workers.domain import contexts
from workers.history.state_fields import state_fields


async def _shown(annals: Annals, *arguments: str) -> dict[str, Any]:
    ended = await annals("stream", "show", "users/ada", "--json", *arguments)
    assert ended.code == 0, ended.errors
    shown: dict[str, Any] = json.loads(ended.output)
    return shown


async def test_with_its_events_and_the_state_folded_from_them(annals: Annals) -> None:
    shown = await _shown(annals)
    assert shown["version"] == 3
    assert [event["type"] for event in shown["events"]] == ["UserCreated.v2", "UserWelcomed.v1", "UserUpdated.v1"]
    assert shown["state"]["welcomed"] is True
    assert shown["state"]["city"] is None


@pytest.mark.parametrize("at", ["2", "2026-01-01T13:00:00Z", "2026-01-01T13:30:00+00:00"])
async def test_as_it_was_at_a_version_or_a_time(annals: Annals, at: str) -> None:
    shown = await _shown(annals, "--at", at)
    assert shown["version"] == 2
    assert shown["state"]["city"] == "London"
    assert shown["state"]["welcomed"] is True


async def test_for_people_too(annals: Annals) -> None:
    ended = await annals("stream", "show", "users/ada")
    assert "users/ada at version 3" in ended.lines
    assert '  first_name: "Ada"' in ended.lines


@pytest.mark.parametrize("arguments", [["users/unknown"], ["users/ada", "--at", "9"], ["users/ada", "--at", "0"]])
async def test_not_when_the_stream_or_the_version_does_not_exist(annals: Annals, arguments: list[str]) -> None:
    ended = await annals("stream", "show", *arguments)
    assert ended.code == 1
    assert "Traceback" not in ended.errors
    assert arguments[0] in ended.errors


async def test_not_before_it_began(annals: Annals) -> None:
    ended = await annals("stream", "show", "users/ada", "--at", "2025-12-31T00:00:00Z")
    assert ended.code == 1
    assert "began later" in ended.errors


@pytest.mark.parametrize("arguments", [["nowhere/ada"], ["users/"], ["users/ada", "--at", "noon"]])
async def test_not_with_wrong_arguments(annals: Annals, arguments: list[str]) -> None:
    assert (await annals("stream", "show", *arguments)).code == 2


def test_with_its_money_as_text() -> None:
    context = contexts()["payments"]
    state = context.decider.initial
    for event in (DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER):
        state = context.decider.evolve(state, event)
    shown = json.loads(json.dumps(state_fields(state)))
    assert (shown["balance"], shown["reserved"]) == ("100.00", "34.40")
