"""`annals contracts check`, in a repository of its own in which somebody changes messages."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import DEADLINE_SECONDS, Ended
from tests.git.test_files_of_a_commit import git

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*_cache", "deploy", "measuring", "devstack")
SAGA = "workers/domain/users/welcome.py"
REASON = "    reason: ShortText | None = None\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, committed."""
    for part in ("contracts", "workers", "infra"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=LEFT_OUT)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "contracts")
    git(tmp_path, "commit", "-q", "-m", "released")
    return tmp_path


async def run(project: Path, *arguments: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.cli.main", *arguments),
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(DEADLINE_SECONDS):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


def change(project: Path, old: str, new: str, file: str = "contracts/users/events.py") -> None:
    path = project / file
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


async def test_a_field_more_than_stored_events_have(project: Path) -> None:
    ended = await run(project, "contracts", "check")
    assert (ended.code, ended.errors) == (0, "")
    assert "still fit" in ended.output
    change(project, REASON, f"{REASON}    note: ShortText\n")
    for arguments in ((), ("--against", "main")):
        ended = await run(project, "contracts", "check", *arguments)
        assert ended.code == 1
        assert "users.UserDeleted.v1: field `note` is required now, stored events lack it." in ended.output
        assert "    class UserDeleted(Event, UserStream, version=2):" in ended.output
        assert "1 message does not fit" in ended.errors
    ended = await run(project, "contracts", "check", "--json", "--against", "HEAD")
    assert {refused["type"] for refused in json.loads(ended.output)["breaks"]} == {"users.UserDeleted.v1"}
    assert ended.code == 1


async def test_whose_schema_is_not_written_over_what_was_published(project: Path) -> None:
    change(project, REASON, f"{REASON}    note: ShortText\n")
    schema = project / "contracts" / "users" / "schemas" / "UserDeleted.v1.json"
    before = schema.read_bytes()
    ended = await run(project, "docs", "schemas")
    assert ended.code == 1
    assert schema.read_bytes() == before
    assert "field `note` is required now" in ended.errors
    # Who removes the file to have it written anew is told by the commit.
    schema.unlink()
    assert (await run(project, "docs", "schemas")).code == 0
    ended = await run(project, "contracts", "check", "--against", "main")
    assert ended.code == 1
    assert "field `note` is required now" in ended.output


async def test_an_optional_field_is_no_reason(project: Path) -> None:
    change(project, REASON, f"{REASON}    note: ShortText | None = None\n")
    ended = await run(project, "contracts", "check", "--against", "main")
    assert ended.code == 0, ended.output + ended.errors
    assert (await run(project, "docs", "schemas")).code == 0
    assert "note" in (project / "contracts" / "users" / "schemas" / "UserDeleted.v1.json").read_text("utf-8")


async def test_an_event_that_is_gone_and_a_sample_that_was_edited(project: Path) -> None:
    users = project / "contracts" / "users"
    shutil.copy(users / "schemas" / "UserWelcomed.v1.json", users / "schemas" / "UserGreeted.v1.json")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "it was there once")
    (users / "samples" / "UserDeleted.v1.json").write_text('{"user_id":"ada"}', "utf-8")
    ended = await run(project, "contracts", "check", "--against", "HEAD")
    assert ended.code == 1
    assert "users.UserGreeted.v1: it may be stored, or still be sent, and is not declared any more." in ended.output
    assert "users.UserDeleted.v1: the golden sample UserDeleted.v1.json was changed." in ended.output
    ended = await run(project, "docs", "schemas", "--check")
    assert ended.code == 1
    assert (
        "UserGreeted.v1.json has no message: UserGreeted.v1 is stored for ever, and may still be sent." in ended.errors
    )
    ended = await run(project, "contracts", "check", "--against", "nothing")
    assert (ended.code, ended.output) == (1, "")
    assert ended.errors.startswith("There is no commit 'nothing' in the repository of ")


async def test_a_fact_of_a_saga_with_another_name(project: Path) -> None:
    schema = project / "contracts" / "users" / "sagas" / "welcome.json"
    before = schema.read_bytes()
    change(project, "    has_waited: bool = False\n", "    is_due: bool = False\n", SAGA)
    for arguments in (("contracts", "check"), ("contracts", "check", "--against", "main"), ("docs", "schemas")):
        ended = await run(project, *arguments)
        assert ended.code == 1
        assert "users.sagas.welcome: field `has_waited` is gone now and `is_due` takes" in ended.output + ended.errors
        assert "in workers.domain.users.welcome.WelcomeState:" in ended.output + ended.errors
    assert schema.read_bytes() == before
    change(project, REASON, f"{REASON}    note: ShortText\n")
    ended = await run(project, "contracts", "check")
    assert "1 message and 1 state of a saga do not fit the files here." in ended.errors


async def test_a_fact_more_is_no_reason_and_is_published(project: Path) -> None:
    change(project, "    has_waited: bool = False\n", "    has_waited: bool = False\n    times: int = 0\n", SAGA)
    assert (await run(project, "contracts", "check", "--against", "main")).code == 0
    ended = await run(project, "docs", "schemas", "--check")
    assert ended.code == 1
    assert "stale: contracts/users/sagas/welcome.json" in ended.output
    assert (await run(project, "docs", "schemas")).code == 0
    assert "times" in (project / "contracts" / "users" / "sagas" / "welcome.json").read_text("utf-8")


async def test_a_saga_that_is_gone_unless_its_file_is_removed_with_it(project: Path) -> None:
    change(project, 'name="welcome"', 'name="greeting"', SAGA)
    assert (await run(project, "contracts", "check", "--against", "main")).code == 1
    ended = await run(project, "docs", "schemas")
    assert ended.code == 1
    assert "contracts/users/sagas/welcome.json has no saga." in ended.errors
    assert "Declare it again, among the sagas of the context users, as Saga(name='welcome', …)." in ended.errors
    (project / "contracts" / "users" / "sagas" / "welcome.json").unlink()
    assert (await run(project, "contracts", "check", "--against", "main")).code == 0
    assert (await run(project, "docs", "schemas", "--check")).code == 0


async def test_a_message_is_told_also_where_the_code_of_its_context_cannot_be_loaded(project: Path) -> None:
    change(project, REASON, f"{REASON}    note: ShortText\n")
    change(project, "    has_waited: bool = False\n", "    has_waited: bool\n", SAGA)
    ended = await run(project, "contracts", "check")
    assert "users.UserDeleted.v1: field `note` is required now" in ended.output
    change(project, f"{REASON}    note: ShortText\n", REASON)
    ended = await run(project, "contracts", "check")
    assert (ended.code, ended.output) == (1, "")
    assert "annals declares `users = " in ended.errors
    assert "has_waited" in ended.errors
