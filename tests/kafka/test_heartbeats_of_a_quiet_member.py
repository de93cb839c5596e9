"""A member to which nothing comes says less often that it is there, and as often as ever once something comes."""

from typing import Any, cast

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator

from infra.kafka.clients import started, stopped
from infra.kafka.connection import consumer_options
from infra.kafka.membership import QUIET_HEARTBEAT_SECONDS, MemberConsumer, _LeavingCoordinator
from infra.settings import Settings

INTERVAL_SECONDS = 0.5
SESSION_SECONDS = 10.0


class FetchesOnScript:
    """Those of a consumer; whether nothing has come for some seconds is set."""

    is_quiet = False


class Member:
    """A member whose coordinator is asked for a heartbeat at each interval, and counts those that are sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, session_seconds: float = SESSION_SECONDS) -> None:
        self.fetches = FetchesOnScript()
        self.sent_at: list[float] = []
        self.succeeds = True
        self._now = 100.0
        self._coordinator = cast(Any, object.__new__(_LeavingCoordinator))
        self._coordinator.fetches = self.fetches
        self._coordinator._session_timeout_ms = int(session_seconds * 1000)
        monkeypatch.setattr("infra.kafka.membership.monotonic", lambda: self._now)

        async def send(_: GroupCoordinator) -> bool:
            self.sent_at.append(self._now)
            return self.succeeds

        monkeypatch.setattr(GroupCoordinator, "_do_heartbeat", send)

    async def asked(self, seconds: float) -> int:
        """How many heartbeats it sends in this time."""
        before = len(self.sent_at)
        for _ in range(round(seconds / INTERVAL_SECONDS)):
            self._now += INTERVAL_SECONDS
            assert await self._coordinator._do_heartbeat() is self.succeeds
        return len(self.sent_at) - before


async def test_are_as_many_as_ever_while_records_come(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await Member(monkeypatch).asked(6) == 12


async def test_are_half_as_many_while_nothing_comes_and_all_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    member = Member(monkeypatch)
    member.fetches.is_quiet = True
    assert await member.asked(6) == 6 / QUIET_HEARTBEAT_SECONDS
    member.fetches.is_quiet = False
    assert await member.asked(6) == 12


async def test_are_never_further_apart_than_a_quarter_of_the_session_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    member = Member(monkeypatch, session_seconds=2.0)
    member.fetches.is_quiet = True
    assert await member.asked(6) == 12


async def test_that_are_not_answered_are_sent_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    member = Member(monkeypatch)
    member.fetches.is_quiet, member.succeeds = True, False
    assert await member.asked(3) == 6


async def test_follow_what_comes_to_the_consumer_itself(settings: Settings) -> None:
    consumer = await started(MemberConsumer(**consumer_options(settings), group_id="beating", enable_auto_commit=False))
    try:
        assert consumer._coordinator.fetches is consumer._fetcher.fetches
        assert not consumer._fetcher.fetches.is_quiet, "it has just begun"
    finally:
        await stopped(consumer)
