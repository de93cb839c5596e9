"""The command line: quick help, and one sentence and the right exit code for each foreseen error."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.cli import exits
from infra.cli.main import COMMANDS, DeferredCommand
from infra.devstack.errors import HomeInUse
from infra.devstack.fleet import FLEET
from infra.devstack.system import SetupFailed
from infra.locating import StackNotRunning
from infra.settings import Settings


def annals(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs `annals <arguments>` with these extra variables."""
    command = [sys.executable, "-m", "infra.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ | variables)


def test_help_lists_every_command_without_importing_any() -> None:
    program = (
        "import sys\nfrom infra.cli.main import annals\n"
        "annals().main(['--help'], prog_name='annals', standalone_mode=False)\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'aiokafka', 'asyncpg', 'redis', 'fastapi', 'pydantic'}, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert all(f"  {name} " in done.stdout for name, _, _ in COMMANDS)


def _commands_in(command: Any) -> list[Any]:
    """The command itself, or those of its groups."""
    groups = getattr(command, "commands", None)
    return [command] if groups is None else [one for group in groups.values() for one in _commands_in(group)]


@pytest.mark.parametrize("name", [name for name, _, _ in COMMANDS])
def test_every_listed_command_can_be_loaded_and_takes_json(name: str) -> None:
    module, summary = next((module, summary) for listed, module, summary in COMMANDS if listed == name)
    command = DeferredCommand(name, module, summary).load()
    for subcommand in _commands_in(command):
        options = {option for parameter in subcommand.params for option in parameter.opts}
        assert "--json" in options, subcommand.name


def test_an_unknown_command_is_wrong_usage() -> None:
    done = annals("upp")
    assert done.returncode == exits.WRONG_USAGE
    assert "Did you mean 'up'" in done.stderr


def test_a_wrong_setting_is_named_without_its_value() -> None:
    done = annals("stack", "env", ANNALS_PARTITIONS="secret-42")
    assert done.returncode == exits.WRONG_USAGE
    assert "ANNALS_PARTITIONS" in done.stderr
    assert "secret-42" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("place", "command"),
    [
        ("file", ("up",)),
        ("file/below", ("up",)),
        ("l" * 300, ("up",)),
        ("/sys", ("up",)),
        ("file", ("down",)),
        ("file/below", ("stack", "env")),
        ("file/below", ("worker", "command")),
    ],
)
def test_an_impossible_home_is_reported_in_one_line(place: str, command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    unset = dict.fromkeys(("ANNALS_KAFKA_BOOTSTRAP_SERVERS", "ANNALS_DATABASE_URL", "ANNALS_REDIS_URL"), "")
    done = annals(*command, ANNALS_HOME=str(tmp_path / place), **unset)
    assert (done.returncode, len(done.stderr.splitlines())) == (exits.REFUSED, 1), done.stderr
    assert "See that ANNALS_HOME" in done.stderr
    assert (tmp_path / "file").read_bytes() == b""


def test_an_empty_setting_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Compose file passes on unset variables as empty ones. A home of "" would be the present folder."""
    for name in Settings.model_fields:
        monkeypatch.setenv(f"ANNALS_{name.upper()}", "")
    settings = Settings()
    assert settings.environment() == {}
    assert settings.home == Path(".annals")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (exits.CommandRefused("the email is taken"), exits.REFUSED),
        (HomeInUse(Path("/home"), 7), exits.REFUSED),
        (StackNotRunning(Path("/home"), ("ANNALS_REDIS_URL",), "Nothing runs."), exits.UNREACHABLE),
        (SetupFailed(FLEET.setup[0], exits.UNREACHABLE), exits.UNREACHABLE),
        (SetupFailed(FLEET.setup[0], -9), exits.REFUSED),
        (ConnectionRefusedError("connect call failed"), exits.UNREACHABLE),
        (TimeoutError(), exits.UNREACHABLE),
        (PermissionError(13, "Permission denied", "/its/run/up.lock"), exits.REFUSED),
        (OSError(28, "No space left on device"), exits.REFUSED),
    ],
)
def test_a_foreseen_error_is_reported_in_one_line(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exits.explain(error) == code
    message = capsys.readouterr().err
    assert message.strip()
    assert len(message.splitlines()) == 1


def test_an_unforeseen_error_is_not_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert exits.explain(ZeroDivisionError()) is None
    assert capsys.readouterr().err == ""
