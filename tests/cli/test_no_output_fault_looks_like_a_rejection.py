"""If a command's output cannot be written, its exit code still tells the result, and stderr repeats what was lost."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.settings import Settings
from tests.cli.conftest import Ended
from tests.system import System, running_system

ROOT = Path(__file__).parents[2]
ANNALS = (sys.executable, "-m", "infra.cli.main")
# Commands that need no server, one for each way to print: Typer's help, JSON at once, lines, no output.
WITHOUT_SERVERS = [
    ("--help",),
    ("send", "--help"),
    ("docs", "asyncapi"),
    ("docs", "asyncapi", "--json"),
    ("docs", "states"),
    ("docs", "schemas", "--check"),
    ("contracts", "check", "--json"),
]
DEADLINE_SECONDS = 60.0
FULL = "> /dev/full"
NAMES = ["ü", "😀", "名"]


def shell(arguments: Sequence[str], rest: str, **variables: str) -> Ended:
    """Run `annals` with these arguments in a shell, followed by `rest`; the exit code is that of `annals`."""
    line = f'{{ "$@"; echo $? >&3; }} 3>"$CODE" {rest}' if rest.startswith("|") else f'"$@" {rest}; echo $? > "$CODE"'
    code = Path(os.environ.get("TMPDIR", "/tmp")) / f"annals-{uuid4()}"
    done = subprocess.run(
        ["bash", "-c", line, "annals", *ANNALS, *arguments],
        env=os.environ | variables | {"CODE": str(code)},
        cwd=ROOT,
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    try:
        return Ended(int(code.read_text()), done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
    finally:
        code.unlink(missing_ok=True)


@pytest.mark.parametrize("arguments", WITHOUT_SERVERS, ids=" ".join)
def test_a_full_disk_has_its_own_exit_code(arguments: tuple[str, ...]) -> None:
    whole = shell(arguments, "")
    assert whole.code == 0, whole.errors
    ended = shell(arguments, FULL)
    assert ended.code == 4, ended.errors
    assert "could not be written to stdout (No space left on device)" in ended.errors
    assert whole.lines[0][:1000] in ended.errors, "what was lost is repeated"
    assert "Traceback" not in ended.errors


@pytest.mark.parametrize("arguments", WITHOUT_SERVERS, ids=" ".join)
def test_a_closed_stdout_has_the_same_exit_code(arguments: tuple[str, ...]) -> None:
    ended = shell(arguments, ">&-")
    assert ended.code == 4, ended.errors
    assert "could not be written to stdout (Bad file descriptor)" in ended.errors


@pytest.mark.parametrize("arguments", WITHOUT_SERVERS, ids=" ".join)
@pytest.mark.parametrize("reader", ["| head -c 1 > /dev/null", "| true", "| sed 1q > /dev/null"])
def test_a_reader_that_closes_the_pipe_is_no_fault(arguments: tuple[str, ...], reader: str) -> None:
    ended = shell(arguments, reader)
    assert (ended.code, ended.errors) == (0, "")


@pytest.mark.parametrize("rest", ["2>&-", "2> /dev/full", "> /dev/full 2>&1", ">&- 2>&-"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("send", "users.Nothing"), 2),
        (("nothing",), 2),
        (("stream", "show", "users/unknown"), 3),
        (("docs", "states"), 0),
    ],
    ids=["wrong usage", "no such command", "away", "done"],
)
def test_errors_that_cannot_be_written_change_no_exit_code(rest: str, arguments: tuple[str, ...], code: int) -> None:
    away = {
        "ANNALS_DATABASE_URL": "postgresql://annals@127.0.0.1:1/none",
        "ANNALS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    }
    unwritten = code == 0 and rest.startswith(">")
    ended = shell(arguments, rest, **away)
    assert ended.code == (4 if unwritten else code)
    if rest == "2>&-" and code != 0:
        assert ended.output == "", "an error does not end up in the answer"


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "utf-8:strict"},
    ],
    ids=str,
)
@pytest.mark.parametrize("arguments", [("docs", "asyncapi", "--json"), ("--help",), ("send", "users.Nöthing😀\udcff")])
def test_no_encoding_is_too_small(variables: dict[str, str], arguments: tuple[str, ...]) -> None:
    ended = shell(arguments, "", **variables)
    assert "Traceback" not in ended.errors
    assert ended.code == (2 if arguments[0] == "send" else 0), ended.errors
    if "--json" in arguments:
        assert json.loads(ended.output)["asyncapi"]
    if variables.get("PYTHONIOENCODING", "").startswith("ascii"):
        assert ended.output.isascii()
        assert ended.errors.isascii()


def send(settings: Settings, rest: str, *options: str, name: str = "Ada", **variables: str) -> tuple[str, Ended]:
    """Send a CreateUser; return the id of its user and the result of the command."""
    user_id = str(uuid4())
    fields = (f"user_id={user_id}", f"first_name={name}", "last_name=Lovelace", f"email={user_id}@example.org")
    return user_id, shell(("send", "users.CreateUser", *fields, *options), rest, **settings.environment(), **variables)


@pytest.mark.timeout(300)
async def test_a_command_that_was_sent_is_reported_as_sent(settings: Settings, tmp_path: Path) -> None:
    async with running_system(settings, tmp_path) as system:
        await system.holding(await system.worker("command"), settings.partitions)
        for rest, code in ((FULL, 4), (">&-", 4), ("| true", 0), ("2>&-", 0), ("> /dev/full 2>&1", 4)):
            for options in ((), ("--json",)):
                user_id, ended = send(settings, rest, *options)
                assert ended.code == code, (rest, ended)
                assert await exists(system, user_id), rest
                if rest in {FULL, ">&-"}:
                    assert "accepted" in ended.errors
                    assert user_id in ended.errors
                    assert "Traceback" not in ended.errors
        for variables in ({"PYTHONIOENCODING": "ascii:strict"}, {"LC_ALL": "C"}):
            user_id, ended = send(settings, "", "--json", name="".join(NAMES), **variables)
            assert (ended.code, json.loads(ended.output)["stream_id"]) == (0, user_id)
            shown = shell(("stream", "show", f"users/{user_id}", "--json"), "", **settings.environment(), **variables)
            assert "".join(NAMES) in json.dumps(json.loads(shown.output), ensure_ascii=False)
            shown = shell(("stream", "show", f"users/{user_id}"), "", **settings.environment(), **variables)
            assert shown.code == 0, shown.errors

        taken = [f"user_id={user_id}", "first_name=A", "last_name=B", "email=c@example.org"]
        refused = shell(("send", "users.CreateUser", *taken), FULL, **settings.environment())
        assert refused.code == 1
        assert "UserAlreadyExists" in refused.errors

        many = tmp_path / "many.jsonl"
        ids = [str(uuid4()) for _ in range(300)]
        many.write_text("".join(f"{json.dumps(user(user_id))}\n" for user_id in ids))
        ended = shell(
            ("send", "users.CreateUser", "--file", str(many)), "| head -1 > /dev/null", **settings.environment()
        )
        assert (ended.code, ended.errors) == (0, "")
        assert all([await exists(system, user_id) for user_id in ids]), "the commands after the first line are sent too"
        followed = shell(("events", "tail", "--json"), "| head -1 > /dev/null", **settings.environment())
        assert (followed.code, followed.errors) == (0, ""), "the command that follows the log has ended"
        followed = shell(("events", "tail", "--json"), FULL, **settings.environment())
        assert followed.code == 4
        listed = shell(("events", "list", "--limit", "500"), FULL, **settings.environment())
        assert listed.code == 4


def user(user_id: str) -> dict[str, Any]:
    return {"user_id": user_id, "first_name": "Ada", "last_name": "Lovelace", "email": f"{user_id}@example.org"}


async def exists(system: System, user_id: str) -> bool:
    return bool(await system.value("SELECT count(*) FROM annals.events WHERE stream_id = $1", user_id))
