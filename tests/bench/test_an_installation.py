"""An installation under measurement, and the servers it is on."""

import os
import socket
from contextlib import AsyncExitStack

import pytest

from infra.measuring.bench.installation import cleaned_up
from infra.measuring.bench.servers import local_processes
from infra.settings import Settings
from workers.ports.lanes import Unavailable


async def test_says_what_it_could_not_delete_and_deletes_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    deleted: list[str] = []

    async def delete_keys() -> None:
        deleted.append("its keys")

    async def delete_topics() -> None:
        raise Unavailable("Kafka", "no broker answers", "start it")

    async def measure() -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(cleaned_up, "its keys", delete_keys)
            stack.push_async_callback(cleaned_up, "its topics", delete_topics)
            raise KeyError

    with pytest.raises(KeyError):
        await measure()
    assert deleted == ["its keys"]
    assert "has left its topics behind: " in capsys.readouterr().err


def test_knows_the_process_of_a_server_with_several_addresses(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        addresses = f"elsewhere.example:9092,127.0.0.1:{listening.getsockname()[1]}"
        processes = local_processes(settings.model_copy(update={"kafka_bootstrap_servers": addresses}))
    assert processes["kafka"].pid == os.getpid()
