"""The peer may take as long as it needs, as long as it says that it goes on."""

import asyncio

import pytest

from infra.measuring.bench.peer.run import reached_word
from infra.measuring.bench.progress import Stalled


def said(*lines: str) -> asyncio.StreamReader:
    """What a peer has said that is still there."""
    reader = asyncio.StreamReader()
    reader.feed_data("".join(f"{line}\n" for line in lines).encode())
    return reader


async def test_says_how_much_it_has_done_until_it_says_the_word() -> None:
    lines = said("500", "1000", "end", "begin")
    await reached_word(lines, "end", 3000)
    assert await lines.readline() == b"begin\n"


async def test_that_has_ended_before_is_an_error() -> None:
    lines = said("500", "1000")
    lines.feed_eof()
    with pytest.raises(Stalled, match="eventsourcing stopped at 1000 of 3000"):
        await reached_word(lines, "end", 3000)


async def test_that_is_silent_for_too_long_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.measuring.bench.peer.run.STALLED_SECONDS", 0.05)
    with pytest.raises(Stalled, match="eventsourcing stopped at 500 of 3000"):
        await reached_word(said("500"), "end", 3000)
