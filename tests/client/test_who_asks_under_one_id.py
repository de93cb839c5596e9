"""Two may ask under one command id for different things: each gets what became of its own command."""

import asyncio

import pytest

from contracts.outcome import content_digest
from contracts.users.examples import CREATE_ADA, USER_ID
from tests.client.broker_on_script import BrokerOnScript
from tests.client.test_readers_on_a_broker_in_trouble import COMMAND_ID, answer, replies_from

ADA = CREATE_ADA.model_copy(update={"user_id": USER_ID})
OTHER = ADA.model_copy(update={"city": "Turin"})
PATIENCE_SECONDS = 30.0


async def test_gets_the_outcome_of_its_own_command(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("replies")
    async with replies_from(broker, monkeypatch) as replies:
        with replies.expecting(COMMAND_ID, OTHER) as other, replies.expecting(COMMAND_ID, ADA) as ada:
            answer(broker, digest=content_digest(ADA.to_json()))
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert (await ada).is_of(ADA)
            assert not other.done()
            answer(broker, digest=content_digest(OTHER.to_json()))
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert (await other).is_of(OTHER)


async def test_gets_answers_of_workers_of_earlier_releases_too(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("replies")
    async with replies_from(broker, monkeypatch) as replies:
        with replies.expecting(COMMAND_ID, ADA) as ada:
            answer(broker)
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert (await ada).command_id == COMMAND_ID
