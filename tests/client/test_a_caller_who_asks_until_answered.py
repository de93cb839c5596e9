"""A caller with a deadline gets the outcome though the broker dies or the topic of the replies is made anew."""

import asyncio
from typing import cast

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from contracts.client.asking import ask_until_answered
from contracts.client.command_client import CommandClient
from contracts.client.errors import KafkaUnavailable, NoOutcome
from contracts.client.identifiers import command_id_for
from contracts.outcome import Outcome
from contracts.topics import Topics
from contracts.users.commands import WelcomeUser
from infra.kafka.connection import client_options
from infra.kafka.topics import create_topics, topics_of
from infra.settings import Settings
from tests.client.conftest import client_for
from tests.client.responder import Responder
from tests.servers import Servers
from tests.waiting import until
from workers.ports.lanes import Unavailable

CALLERS = 200


def asking(client: CommandClient, number: int) -> "asyncio.Task[Outcome]":
    command = WelcomeUser(user_id=f"user-{number}")
    command_id = command_id_for("/tests", f"welcome-{number}")
    return asyncio.create_task(
        ask_until_answered(client, command, command_id=command_id, deadline_seconds=90, attempt_seconds=3)
    )


async def test_when_the_broker_dies_and_comes_back(kafka: Settings, servers: Servers) -> None:
    if servers.stack is None:
        pytest.skip("only the embedded broker can be killed")
    async with client_for(kafka, delivery_timeout_seconds=2) as client, Responder(kafka):
        await asking(client, 0)
        before = [asking(client, number) for number in range(1, CALLERS)]
        await servers.stack.kill("kafka")
        try:
            meanwhile = [asking(client, number) for number in range(CALLERS, 2 * CALLERS)]
            await asyncio.wait(meanwhile, timeout=3)
        finally:
            await servers.stack.restart("kafka")
        outcomes = await asyncio.gather(*before, *meanwhile)
    assert {outcome.command_id for outcome in outcomes} == {
        command_id_for("/tests", f"welcome-{number}") for number in range(1, 2 * CALLERS)
    }


async def test_when_the_topic_of_the_replies_is_made_anew(kafka: Settings) -> None:
    async with client_for(kafka) as client, Responder(kafka, silent=True):
        await client.check()
        waiting = [asking(client, number) for number in range(CALLERS)]
        await asyncio.wait(waiting, timeout=1)
        admin = AIOKafkaAdminClient(**client_options(kafka))
        await admin.start()
        try:
            await admin.delete_topics([Topics(kafka.topic_prefix).replies])
        finally:
            await admin.close()
        await until(lambda: made_anew(kafka), "the topic is there again")
        async with Responder(kafka):
            outcomes = await asyncio.gather(*waiting)
    assert len({outcome.command_id for outcome in outcomes}) == CALLERS


async def made_anew(settings: Settings) -> bool:
    try:
        await create_topics(settings, topics_of(["users"], settings))
    except Unavailable:
        return False
    return True


class Line:
    """A client that is refused, or gets no outcome, in this order, and then for ever as at last."""

    def __init__(self, *attempts: Exception | None) -> None:
        self._attempts = list(attempts)

    async def ask(self, _: WelcomeUser, *, wait_seconds: float, command_id: str) -> None:
        attempt = self._attempts.pop(0) if len(self._attempts) > 1 else self._attempts[0]
        if attempt is not None:
            raise attempt
        await asyncio.sleep(min(wait_seconds, 0.05))


AWAY = KafkaUnavailable("no answer", waited_seconds=1)


@pytest.mark.parametrize(("attempts", "reason"), [((AWAY,), AWAY), ((AWAY, None), None), ((None, AWAY), AWAY)])
async def test_is_told_the_reason_of_the_last_attempt(
    attempts: tuple[Exception | None, ...], reason: Exception | None
) -> None:
    client = cast("CommandClient", Line(*attempts))
    with pytest.raises(NoOutcome) as raised:
        await ask_until_answered(client, WelcomeUser(user_id="ada"), command_id="", deadline_seconds=1.5)
    assert raised.value.__cause__ is reason
