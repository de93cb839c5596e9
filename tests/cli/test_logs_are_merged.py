"""`merged` yields the items of several sources as soon as they come, in the order of each source."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from infra.cli import merging
from infra.cli.merging import merged


async def counting(name: str, until: int) -> AsyncIterator[tuple[str, int]]:
    for number in range(until):
        await asyncio.sleep(0)
        yield name, number


async def silent() -> AsyncIterator[tuple[str, int]]:
    await asyncio.Event().wait()
    yield "never", 0


async def failing() -> AsyncIterator[tuple[str, int]]:
    yield "last words", 0
    raise ConnectionError("gone")


async def test_all_items_of_all_sources_come_in_each_sources_order() -> None:
    items = [item async for item in merged([counting("a", 300), counting("b", 7), counting("c", 0)])]
    assert [number for name, number in items if name == "a"] == list(range(300))
    assert [number for name, number in items if name == "b"] == list(range(7))
    assert len(items) == 307


async def test_a_silent_source_delays_no_other_and_is_closed_with_the_reader() -> None:
    reader = merged([silent(), counting("a", 3)])
    async with asyncio.timeout(5):
        assert [await anext(reader) for _ in range(3)] == [("a", 0), ("a", 1), ("a", 2)]
        await reader.aclose()  # type: ignore[attr-defined]


async def test_the_failure_of_one_source_ends_all() -> None:
    reader = merged([silent(), failing()])
    assert await anext(reader) == ("last words", 0)
    with pytest.raises(ConnectionError, match="gone"):
        await asyncio.wait_for(anext(reader), 5)


async def test_unread_items_are_buffered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "MAX_BUFFERED", 5)
    yielded = 0

    async def endless() -> AsyncIterator[int]:
        nonlocal yielded
        while True:
            yielded += 1
            yield yielded

    reader = merged([endless()])
    assert await anext(reader) == 1
    for _ in range(50):
        await asyncio.sleep(0)
    assert yielded <= 10
    await reader.aclose()  # type: ignore[attr-defined]
