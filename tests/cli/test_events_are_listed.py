"""`annals events list`."""

import json

from tests.cli.conftest import Annals


async def test_from_all_partitions_oldest_first(annals: Annals) -> None:
    ended = await annals("events", "list", "--json")
    events = [json.loads(line) for line in ended.lines]
    assert [(event["stream_id"], event["type"]) for event in events] == [
        ("ada", "UserCreated.v2"),
        ("grace", "UserCreated.v2"),
        ("ada", "UserWelcomed.v1"),
        ("ada", "UserUpdated.v1"),
    ]
    assert [event["sequence"] for event in events if event["partition"] == 1] == [1, 2, 3]
    assert events[0]["time"] == "2026-01-01T12:00:00.000000Z"
    assert events[0]["data"]["city"] == "London"
    assert ended.code == 0


async def test_from_one_partition_after_a_sequence_up_to_a_limit(annals: Annals) -> None:
    ended = await annals("events", "list", "--json", "--partition", "1", "--after", "1", "--limit", "1")
    assert [json.loads(line)["sequence"] for line in ended.lines] == [2]


async def test_from_one_stream(annals: Annals) -> None:
    ended = await annals("events", "list", "--stream", "grace")
    (line,) = ended.lines
    assert "grace@1" in line
    assert "UserCreated.v2" in line
    assert "4/1" in line
    assert "first_name=Grace" in line


async def test_not_from_a_context_that_does_not_exist(annals: Annals) -> None:
    ended = await annals("events", "list", "--context", "unknown")
    assert ended.code == 2
    assert "known: " in ended.errors
