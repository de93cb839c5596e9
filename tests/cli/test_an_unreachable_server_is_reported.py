"""The message and the exit code of reading commands when a server is away or not migrated."""

import asyncio

import pytest
from pydantic import SecretStr

from infra.settings import Settings
from tests.cli.conftest import run_annals


@pytest.mark.parametrize(
    ("arguments", "server"),
    [
        (["events", "list"], "Postgres"),
        (["stream", "show", "users/ada"], "Postgres"),
        (["events", "tail", "--no-follow"], "Kafka"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:2]),
)
async def test_with_exit_code_3_and_without_a_traceback(
    servers_away: Settings, arguments: list[str], server: str
) -> None:
    async with asyncio.timeout(30):
        ended = await run_annals(servers_away, *arguments)
    assert ended.code == 3, ended.errors
    assert server in ended.errors
    assert "Traceback" not in ended.errors


async def test_or_what_to_do_when_the_database_was_never_migrated(settings: Settings) -> None:
    ended = await run_annals(settings, "events", "list")
    assert ended.code == 1, ended.errors
    assert "annals migrate" in ended.errors


@pytest.fixture
def servers_away(settings: Settings) -> Settings:
    """Addresses at which nothing listens: port 1 is reserved."""
    return settings.model_copy(
        update={
            "kafka_bootstrap_servers": "127.0.0.1:1",
            "database_url": SecretStr("postgresql://annals@127.0.0.1:1/nothing"),
        }
    )
