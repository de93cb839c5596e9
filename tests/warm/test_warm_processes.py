"""A forked process behaves like a started one: its output, its end, its environment."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.settings import Settings
from tests.waiting import until
from tests.warm.process import start

MODULE = "tests.warm.acting"
ENVIRONMENT = os.environ | {"ANNALS_TOPIC_PREFIX": "warm."}


async def cold(*arguments: str) -> tuple[int, bytes, bytes]:
    """Run the same action in a new interpreter."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE, *arguments),
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    output, errors = await process.communicate()
    return await process.wait(), output, errors


@pytest.mark.parametrize("action", ["talk", "stop", "explain", "raise", "interrupt", "die", "thread"])
async def test_does_and_ends_as_a_new_interpreter_would(action: str) -> None:
    process = await start(MODULE, action, "two words", env=ENVIRONMENT)
    output, errors = await process.communicate()
    code, expected, expected_errors = await cold(action, "two words")
    assert (process.returncode, output) == (code, expected)
    assert errors.splitlines()[-1:] == expected_errors.splitlines()[-1:]


async def test_receives_signals_and_is_gone_as_soon_as_it_has_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = await start(MODULE, "wait", env=ENVIRONMENT, output=output.fileno())

    async def waits() -> bool:
        return log.read_bytes().startswith(b"wait")

    await until(waits, "the process has begun to wait")
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == -signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    with pytest.raises(ProcessLookupError):
        process.kill()


async def test_draws_its_own_random_numbers() -> None:
    processes = [await start(MODULE, "draw", env=ENVIRONMENT) for _ in range(3)]
    printed = await asyncio.gather(*(process.communicate() for process in processes))
    assert len({output.splitlines()[1] for output, _ in printed}) == 3


async def test_has_the_settings_that_it_is_given_and_no_others() -> None:
    settings = Settings(kafka_bootstrap_servers="127.0.0.1:9", topic_prefix="w.", kafka_session_timeout_seconds=3.0)
    process = await start("infra.cli.main", "verify", env=os.environ | settings.environment())
    output, errors = await process.communicate()
    assert process.returncode == 3, (output, errors)
