"""Commands reach their partition with their envelope, and outcomes find their way back."""

import asyncio
import time
from uuid import UUID

import pytest

from contracts.client.command_client import CommandClient
from contracts.client.errors import ClientNotRunning, CommandTooLarge, KafkaUnavailable, TooManyCommands
from contracts.client.identifiers import new_identifier
from contracts.envelope import MalformedMessage
from contracts.partitioner import partition_for
from contracts.topics import MAX_MESSAGE_BYTES
from contracts.users.commands import DeleteUser, WelcomeUser
from contracts.users.examples import CREATE_ADA, USER_ID
from infra.settings import Settings
from tests.client.conftest import client_for
from tests.client.responder import Responder
from tests.servers import Servers
from tests.waiting import until

COMMAND_ID = "0198c0de-ada0-7000-8000-00000000c0de"


async def test_a_command_lies_in_the_partition_of_its_key_with_its_envelope(
    client: CommandClient, kafka: Settings
) -> None:
    sent = await client.send(CREATE_ADA, command_id=COMMAND_ID.upper(), correlation_id="shop/42", expected_version=0)
    assert sent == COMMAND_ID
    async with Responder(kafka) as responder:

        async def arrived() -> bool:
            return bool(responder.read)

        await until(arrived, "the command arrives")
        record, envelope = responder.read[0]
    assert record.partition == partition_for(USER_ID.encode(), kafka.partitions)
    assert record.value == CREATE_ADA.to_json()
    assert (envelope.id, envelope.type, envelope.source) == (COMMAND_ID, "users.CreateUser.v1", "/tests")
    assert (envelope.correlation_id, envelope.causation_id, envelope.expected_version) == ("shop/42", COMMAND_ID, 0)
    assert envelope.reply_to is None


async def test_commands_to_one_stream_keep_their_order(client: CommandClient, kafka: Settings) -> None:
    await client.send(CREATE_ADA)
    sent = await asyncio.gather(
        *(client.send(DeleteUser(user_id=USER_ID, reason=str(number))) for number in range(200))
    )
    async with Responder(kafka) as responder:

        async def arrived() -> bool:
            return len(responder.read) == len(sent) + 1

        await until(arrived, "all commands arrive")
        assert [envelope.id for _, envelope in responder.read[1:]] == sent


async def test_the_very_first_question_is_answered(kafka: Settings) -> None:
    async with Responder(kafka), client_for(kafka) as client:
        outcome = await client.ask(CREATE_ADA, wait_seconds=20, command_id=COMMAND_ID)
    assert outcome is not None
    assert (outcome.command_id, outcome.status) == (COMMAND_ID, "accepted")


async def test_many_questions_of_several_clients_get_their_own_answers(kafka: Settings) -> None:
    async with Responder(kafka), client_for(kafka) as first, client_for(kafka) as second:
        ids = [new_identifier() for _ in range(100)]
        answers = await asyncio.gather(
            *(
                client.ask(WelcomeUser(user_id=f"user-{number}"), wait_seconds=20, command_id=command_id)
                for number, command_id in enumerate(ids)
                for client in (first, second)
            )
        )
    assert [answer.command_id if answer else None for answer in answers] == [
        command_id for command_id in ids for _ in range(2)
    ]


async def test_no_answer_in_time_is_none(client: CommandClient, kafka: Settings) -> None:
    async with Responder(kafka, silent=True):
        await client.check()
        started = time.monotonic()
        assert await client.ask(CREATE_ADA, wait_seconds=0.2) is None
        assert time.monotonic() - started < 5


async def test_the_number_of_commands_under_way_is_bounded(kafka: Settings) -> None:
    async with client_for(kafka, max_outstanding=2) as client:
        await client.check()
        under_way = [asyncio.create_task(client.ask(CREATE_ADA, wait_seconds=30)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyCommands):
            await client.send(CREATE_ADA)
        for task in under_way:
            task.cancel()
        await asyncio.wait(under_way)
        await client.send(CREATE_ADA)


async def test_what_no_worker_could_read_is_refused_at_once(client: CommandClient) -> None:
    with pytest.raises(ValueError, match="UUID"):
        await client.send(CREATE_ADA, command_id="forty-two")
    with pytest.raises(MalformedMessage):
        await client.send(CREATE_ADA, correlation_id="two\nlines")
    vast = DeleteUser.model_construct(user_id=USER_ID, reason="x" * MAX_MESSAGE_BYTES)
    with pytest.raises(CommandTooLarge):
        await client.send(vast)


async def test_a_client_that_does_not_run_says_so(kafka: Settings) -> None:
    client = client_for(kafka)
    with pytest.raises(ClientNotRunning):
        await client.send(CREATE_ADA)


async def test_ids_sort_by_time() -> None:
    ids = [new_identifier() for _ in range(1000)]
    assert {UUID(identifier).version for identifier in ids} == {7}
    assert len(set(ids)) == len(ids)
    assert sorted(identifier[:13] for identifier in ids) == [identifier[:13] for identifier in ids]


class TestWithoutKafka:
    async def test_every_call_ends_in_time_with_a_named_error(self) -> None:
        nowhere = Settings(kafka_bootstrap_servers="127.0.0.1:9", topic_prefix="t.")
        async with client_for(nowhere, delivery_timeout_seconds=0.5) as client:
            started = time.monotonic()
            with pytest.raises(KafkaUnavailable) as sending:
                await client.send(CREATE_ADA, command_id=COMMAND_ID)
            with pytest.raises(KafkaUnavailable):
                await client.ask(CREATE_ADA, wait_seconds=30)
            with pytest.raises(KafkaUnavailable):
                await client.check()
            assert time.monotonic() - started < 10
        assert sending.value.command_id == COMMAND_ID
        assert not sending.value.may_arrive

    async def test_it_goes_on_when_the_broker_is_back(self, kafka: Settings, servers: Servers) -> None:
        if servers.stack is None:
            pytest.skip("only the embedded broker can be killed")
        async with client_for(kafka, delivery_timeout_seconds=2) as client, Responder(kafka):
            assert await client.ask(CREATE_ADA, wait_seconds=20) is not None
            await servers.stack.kill("kafka")
            try:
                started = time.monotonic()
                with pytest.raises(KafkaUnavailable):
                    await client.ask(CREATE_ADA, wait_seconds=20)
                assert time.monotonic() - started < 6
            finally:
                await servers.stack.restart("kafka")

            async def answered() -> bool:
                try:
                    return await client.ask(CREATE_ADA, wait_seconds=5) is not None
                except KafkaUnavailable:
                    return False

            await until(answered, "a command is answered again", seconds=60)
