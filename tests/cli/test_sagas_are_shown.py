"""`annals sagas list` and `annals sagas show`."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from infra.settings import Settings
from tests.cli.conftest import Annals
from tests.cli.recorded_sagas import record_sagas


@pytest_asyncio.fixture(scope="module", autouse=True)
async def recorded(recorded_settings: Settings) -> AsyncIterator[None]:
    await record_sagas(recorded_settings)
    yield


async def _listed(annals: Annals, *arguments: str) -> dict[str, dict[str, Any]]:
    ended = await annals("sagas", "list", "--json", *arguments)
    assert ended.code == 0, ended.errors
    instances = [json.loads(line) for line in ended.lines]
    return {f"{instance['saga']}/{instance['instance_id']}": instance for instance in instances}


async def test_all_with_how_far_they_are_and_what_they_wait_for(annals: Annals) -> None:
    instances = await _listed(annals)
    assert set(instances) == {"fulfilment/order-1", "fulfilment/order-2", "account closing/ada"}
    late, waiting, closed = (
        instances[key] for key in ("fulfilment/order-1", "fulfilment/order-2", "account closing/ada")
    )
    assert (late["steps_sent"], late["steps_awaiting_outcome"]) == (3, 1)
    assert late["deadline"]["seconds_left"] < 0
    assert waiting["deadline"]["seconds_left"] > 0
    assert (closed["ended"], closed["status"], closed["deadline"]) == (True, "closed", None)


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (("--open",), {"fulfilment/order-1", "fulfilment/order-2"}),
        (("--ended",), {"account closing/ada"}),
        (("--saga", "account closing"), {"account closing/ada"}),
        (("--saga", "welcome"), set()),
        (("--status", "confirm"), {"fulfilment/order-2"}),
    ],
)
async def test_only_those_that_match_the_options(annals: Annals, arguments: tuple[str, ...], keys: set[str]) -> None:
    assert set(await _listed(annals, *arguments)) == keys


async def test_no_more_than_the_limit_and_the_cut_is_reported(annals: Annals) -> None:
    ended = await annals("sagas", "list", "--limit", "2")
    assert len(ended.lines) == 3
    assert "--limit" in ended.lines[-1]


async def test_for_people_with_what_is_overdue(annals: Annals) -> None:
    (line,) = (await annals("sagas", "list", "--status", "compensate")).lines
    assert "open" in line
    assert "fulfilment/order-1" in line
    assert "3 steps, 1 without an outcome" in line
    assert "overdue for" in line


async def test_one_with_its_journal_its_deadlines_and_its_steps(annals: Annals) -> None:
    ended = await annals("sagas", "show", "fulfilment/order-1", "--json")
    assert ended.code == 0, ended.errors
    shown = json.loads(ended.output)
    assert shown["state"] == {"status": "compensate", "reason": None}
    assert shown["ended"] is False
    began, passed = shown["journal"]
    assert (began["stream_id"], began["stream_version"], began["status"]) == ("ada", 1, "reserve_funds")
    assert (passed["stream_id"], passed["data"]["deadline"]) == (None, "confirmation")
    assert [(step["step"], step["outcome"], step["code"]) for step in shown["steps"]] == [
        ("reserve_funds", "accepted", None),
        ("cancel", "rejected", "No"),
        ("release_funds", None, None),
    ]
    assert [deadline["name"] for deadline in shown["deadlines"]] == ["confirmation"]


async def test_one_as_a_story(annals: Annals) -> None:
    lines = (await annals("sagas", "show", "fulfilment/order-1")).lines
    story = "\n".join(lines[lines.index("events applied, the status after each, and the steps that followed:") :])
    parts = ["UserCreated.v1 ada@1", "reserve_funds: payments", "DeadlinePassed", "(No)", "no outcome yet"]
    places = [story.index(part) for part in parts]
    assert places == sorted(places)


async def test_the_latest_of_one_when_there_is_more(annals: Annals) -> None:
    shown = json.loads((await annals("sagas", "show", "fulfilment/order-1", "--limit", "1", "--json")).output)
    assert [event["version"] for event in shown["journal"]] == [2]
    assert shown["cut"] == ["journal", "steps"]


async def test_one_whose_sagas_name_has_a_space(annals: Annals) -> None:
    ended = await annals("sagas", "show", "account closing/ada")
    assert ended.lines[0] == "account closing/ada  ended closed"


async def test_not_one_that_does_not_exist(annals: Annals) -> None:
    ended = await annals("sagas", "show", "account closing/unknown")
    assert ended.code == 1
    assert "annals sagas list --saga 'account closing'" in ended.errors


@pytest.mark.parametrize(
    "arguments", [("show", "nothing/ada"), ("show", "welcome"), ("list", "--saga", "x"), ("list", "--open", "--ended")]
)
async def test_not_with_wrong_arguments(annals: Annals, arguments: tuple[str, ...]) -> None:
    assert (await annals("sagas", *arguments)).code == 2
