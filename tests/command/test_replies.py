"""Replies go to those who asked, on the topic for replies and on no other."""

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.topics import Topics
from contracts.users.examples import CREATE_ADA
from tests.command.installation import COMMANDS, EVENTS, Installation, command_id, record

PARTITIONS = 3
addresses = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["replies", EVENTS, COMMANDS, "Replies", "", "replies.dlq", "other.replies"]),
        st.sampled_from([":", "::", "", ":-", ": ", ":+", ":0x", ":²", ":٣"]),
        st.integers(-1, 5) | st.just(""),
    ),
)


async def replied(address: str | None) -> list[tuple[str, int]]:
    installation = Installation(partitions=PARTITIONS)
    lane = installation.lane()
    await lane.acquire()
    # The lane of partition 0 answers what it has handled; this user's key belongs there.
    await lane.handle([record(CREATE_ADA.model_copy(update={"user_id": "user-8"}), 1, reply_to=address)])
    await lane.release()
    lane.abandon()
    assert len(installation.table.handled) == 1
    return [(topic, partition) for topic, partition, _ in installation.sender.posted]


@given(addresses)
async def test_are_never_sent_elsewhere(address: str) -> None:
    for topic, partition in await replied(address):
        assert topic == Topics().replies
        assert 0 <= partition < PARTITIONS
        assert address.startswith("replies:")
        assert int(address.removeprefix("replies:")) == partition


@pytest.mark.parametrize("partition", range(PARTITIONS))
async def test_go_to_the_partition_that_was_asked_for(partition: int) -> None:
    assert await replied(f"replies:{partition}") == [("replies", partition)]


@pytest.mark.parametrize("address", [None, EVENTS, f"{EVENTS}:0", f"{COMMANDS}:0", "replies", "replies:", "replies:3"])
async def test_are_not_sent_at_all_for_a_wrong_address(address: str | None) -> None:
    assert await replied(address) == []


async def test_carry_the_outcome_under_the_commands_id() -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1), record(CREATE_ADA, 2, reply_to=None)])
    ((_, _, reply),) = installation.sender.posted
    assert reply.key == command_id(1).encode()
    assert reply.value == installation.table.handled[command_id(1)].outcome
    headers = dict(reply.headers)
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"annals.Outcome.v1"
    reply_id = str(uuid5(UUID(command_id(1)), f"users/{CREATE_ADA.user_id}/outcome"))
    assert headers["ce_id"].decode() == reply_id, "a reply sent again has the same id"
    assert headers["ce_source"] == b"/annals/users"
    assert headers["ce_subject"] == CREATE_ADA.user_id.encode()
    assert headers["ce_time"].endswith(b"Z")
    assert headers["content-type"] == b"application/json"
    assert (headers["ce_correlationid"], headers["ce_causationid"]) == (b"correlation 1", command_id(1).encode())
