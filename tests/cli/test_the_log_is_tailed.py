"""`annals events tail`."""

import json

from tests.cli.conftest import Annals


async def test_from_its_start_to_its_end(annals: Annals) -> None:
    ended = await annals("events", "tail", "--from-start", "--no-follow", "--json")
    assert ended.code == 0, ended.errors
    events = [json.loads(line) for line in ended.lines]
    assert [event["type"] for event in events if event["stream_id"] == "ada"] == [
        "UserCreated.v2",
        "UserWelcomed.v1",
        "UserUpdated.v1",
    ]
    assert [event["sequence"] for event in events if event["stream_id"] == "grace"] == [1]


async def test_up_to_a_limit_and_ends_there_although_it_follows(annals: Annals) -> None:
    ended = await annals("events", "tail", "--limit", "2")
    assert ended.code == 0, ended.errors
    assert len(ended.lines) == 2


async def test_in_the_format_in_which_the_table_is_listed(annals: Annals) -> None:
    tailed = await annals("events", "tail", "--from-start", "--no-follow", "--json")
    listed = await annals("events", "list", "--json")
    assert sorted(map(_sortable, tailed.lines)) == sorted(map(_sortable, listed.lines))


def _sortable(line: str) -> str:
    return json.dumps(json.loads(line), sort_keys=True)
