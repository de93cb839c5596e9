"""Ten thousand callers of one client wait at once: few requests, bounded memory, nothing left behind."""

import asyncio
import gc
import tracemalloc
from collections import Counter

import pytest
from aiokafka.conn import AIOKafkaConnection

from contracts.client.asking import ask_until_answered
from contracts.client.command_client import CommandClient
from contracts.client.errors import NoOutcome, TooManyCommands
from contracts.client.identifiers import command_id_for
from contracts.users.commands import WelcomeUser
from contracts.users.examples import CREATE_ADA
from infra.settings import Settings
from tests.client.conftest import client_for
from tests.client.responder import Responder
from tests.waiting import until

CALLERS = 10_000
MEASURED_CALLERS = 2_000  # memory is traced slowly
BYTES_A_CALLER = 25_000
# Two topics; aiokafka asks again when the second is added while it asks about the first, and every minute.
LOOK_UPS = 8


@pytest.fixture
def requests_of_clients(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """The requests that are sent from now on, by the program that asks and their kind."""
    sent: Counter[tuple[str, str]] = Counter()
    send = AIOKafkaConnection.send

    def counted(self: AIOKafkaConnection, request: object, *arguments: object, **options: object) -> object:
        sent[self._client_id, type(request).__name__.partition("_")[0]] += 1
        return send(self, request, *arguments, **options)

    monkeypatch.setattr(AIOKafkaConnection, "send", counted)
    return sent


async def ask(client: CommandClient, number: int, seconds: float = 90) -> str:
    command_id = command_id_for("/tests", f"welcome-{number}")
    outcome = await client.ask(WelcomeUser(user_id=f"user-{number}"), wait_seconds=seconds, command_id=command_id)
    assert outcome is not None
    assert outcome.command_id == command_id
    return command_id


async def test_are_all_answered_with_few_look_ups_of_topics(
    kafka: Settings, requests_of_clients: Counter[tuple[str, str]]
) -> None:
    async with client_for(kafka, delivery_timeout_seconds=60) as client:
        await client.check()
        requests_of_clients.clear()
        asking = [asyncio.create_task(ask(client, number)) for number in range(CALLERS)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyCommands):
            await client.ask(CREATE_ADA, wait_seconds=1)
        async with Responder(kafka):
            answered = await asyncio.gather(*asking)
        asked = Counter({kind: count for (by, kind), count in requests_of_clients.items() if by == "annals-client"})
    assert len(set(answered)) == CALLERS
    assert asked["MetadataRequest"] <= LOOK_UPS, asked
    assert asked["ProduceRequest"] <= CALLERS / 50, asked


async def _waiting(client: CommandClient, count: int) -> bool:
    return len(client._running_replies()._expected) == count


async def test_take_a_bounded_memory_and_leave_nothing_when_they_give_up(kafka: Settings) -> None:
    async with client_for(kafka, delivery_timeout_seconds=60) as client:
        await client.check()
        gc.collect()
        tracemalloc.start()
        try:
            asking = [asyncio.create_task(ask(client, number)) for number in range(MEASURED_CALLERS)]
            await until(lambda: _waiting(client, MEASURED_CALLERS), "all of them wait")
            used, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < MEASURED_CALLERS * BYTES_A_CALLER, (used, peak)
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
        assert client._outstanding == 0
        assert client._running_replies()._expected == {}
        assert client._running_replies()._oldest_seconds == {}
        async with Responder(kafka):
            await ask(client, CALLERS)


async def test_an_id_of_ones_own_key_is_always_the_same() -> None:
    assert command_id_for("/shop", "order-17/place") == "2c248b30-6d1d-5dbd-b4ea-1d0ec2a0475a"
    assert command_id_for("/shop", "order-17/cancel") != command_id_for("/shop", "order-17/place")
    assert command_id_for("/other", "order-17/place") != command_id_for("/shop", "order-17/place")


async def test_who_asks_until_there_is_an_outcome_ends_at_its_deadline(kafka: Settings) -> None:
    async with client_for(kafka) as client, Responder(kafka, silent=True) as responder:
        command_id = command_id_for("/tests", "silence")
        with pytest.raises(NoOutcome):
            await ask_until_answered(client, CREATE_ADA, command_id=command_id, deadline_seconds=2, attempt_seconds=0.5)
        assert len(responder.read) > 1
        assert {envelope.id for _, envelope in responder.read} == {command_id}
