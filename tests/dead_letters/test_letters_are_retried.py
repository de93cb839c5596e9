"""`annals dlq retry`: previewed by the worker's own code, recorded before it is sent, never two commands for one."""

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.postgres.dead_letters import PostgresDeadLetterTable
from infra.postgres.pool import Database
from tests.dead_letters.conftest import Desk, url_of
from tests.sent_commands import create_user
from tests.system import Ran
from workers.ports.interventions import Reason

WHY = ("--reason", "the bug is fixed", "--actor", "ada")


def result_of(ran: Ran) -> dict[str, Any]:
    """The result that the command prints for its only letter."""
    (line,) = ran.output.splitlines()
    result: dict[str, Any] = json.loads(line)
    return result


async def test_which_makes_the_failed_command_a_new_one_once(desk: Desk) -> None:
    sent = create_user(first_name="Barbara")
    letter = await desk.failed(sent, "Barbara")

    dry_run = await desk.dlq("retry", letter, "--dry-run", *WHY)
    assert dry_run.code == 0
    assert f"{letter}  would be accepted: users.UserCreated, sent as command" in dry_run.output
    assert await desk.causation_of(sent.stream_id) == [(sent.command_id, sent.command_id, "failed")]

    new_id = str(uuid.uuid5(uuid.UUID(sent.command_id), "retry/1"))
    ran = await desk.dlq("retry", letter, *WHY)
    assert (ran.code, ran.output) == (0, f"{letter}  accepted: users.UserCreated, as command {new_id}\n")
    first, second = await desk.causation_of(sent.stream_id)
    assert first == (sent.command_id, sent.command_id, "failed")
    assert second == (new_id, sent.command_id, "accepted")

    again = await desk.dlq("retry", letter, *WHY)
    assert (again.code, again.output) == (0, f"{letter}  not sent: was handled meanwhile: accepted\n")
    assert len(await desk.causation_of(sent.stream_id)) == 2

    shown = (await desk.dlq("show", letter, "--json")).json()
    assert shown["state"] == "retried"
    (action,) = shown["actions"]
    assert (action["action"], action["actor"], action["reason"]) == ("dlq-retry", "ada", "the bug is fixed")
    assert action["details"]["command_id"] == new_id
    assert await desk.listed("--stream", sent.stream_id) == []


async def test_not_of_what_is_no_command_unless_by_force(desk: Desk) -> None:
    sent = create_user()._replace(value=b"never json")
    letter = await desk.letter_of(sent)
    dry_run = await desk.dlq("retry", letter, "--dry-run", *WHY)
    assert dry_run.code == 1
    assert "would be refused again: MalformedJson" in dry_run.output
    ran = await desk.dlq("retry", letter, *WHY)
    assert ran.code == 1
    assert "not sent: would be refused again: MalformedJson" in ran.output
    assert [listed["id"] for listed in await desk.listed("--stream", sent.stream_id)] == [letter]
    forced = await desk.dlq("retry", letter, "--force", *WHY)
    assert forced.code == 0, forced.output
    assert await desk.new_letter(sent.stream_id) != letter


async def test_previewing_a_rejection(desk: Desk) -> None:
    owner, sent = create_user(), create_user(first_name="Claude")
    sent = sent._replace(
        value=json.dumps({**json.loads(sent.value), "email": f"{owner.stream_id}@example.org"}).encode()
    )
    letter = await desk.failed(sent, "Claude")
    desk.system.send([owner])
    await desk.handled(owner.command_id)
    dry_run = await desk.dlq("retry", letter, "--dry-run", *WHY)
    assert "would be rejected: EmailTaken" in dry_run.output
    ran = result_of(await desk.dlq("retry", letter, "--json", *WHY))
    assert ran["outcome"]["error"]["code"] == "EmailTaken"
    assert ran["preview"]["name"] == "EmailTaken"


async def test_previewing_that_it_comes_too_late(desk: Desk) -> None:
    sent = create_user(first_name="Dorothy")
    sent = sent._replace(headers=[*sent.headers, ("ce_expiresat", _seconds_from_now(20))])
    letter = await desk.failed(sent, "Dorothy")
    dry_run = await desk.dlq("retry", letter, "--dry-run", *WHY)
    assert "ce_expiresat" in dry_run.output
    assert "stays as it is" in dry_run.output


async def test_that_fails_too_leaves_one_chain_of_attempts(desk: Desk) -> None:
    sent = create_user(first_name="Edsger")
    letter = await desk.failed(sent, "Edsger")
    desk.break_("Edsger")
    ran = result_of(await desk.dlq("retry", letter, "--json", *WHY))
    assert ran["outcome"]["status"] == "failed"
    desk.fix("Edsger")
    new = await desk.new_letter(sent.stream_id)
    assert new != letter
    second_attempt = str(uuid.uuid5(uuid.UUID(sent.command_id), "retry/2"))
    for id_ in (letter, new):
        assert result_of(await desk.dlq("retry", id_, "--dry-run", "--json", *WHY))["command_id"] == second_attempt
    assert (await desk.dlq("retry", new, *WHY)).code == 0
    old = await desk.dlq("retry", letter, *WHY)
    assert old.output == f"{letter}  not sent: was handled meanwhile: accepted\n"
    assert [status for _, _, status in await desk.causation_of(sent.stream_id)] == ["failed", "failed", "accepted"]
    assert (await desk.causation_of(sent.stream_id))[-1][1] == sent.command_id


async def test_by_two_at_the_same_time_makes_one_command(desk: Desk) -> None:
    sent = create_user(first_name="Frances")
    letter = await desk.failed(sent, "Frances")
    ran = await asyncio.gather(*(desk.dlq("retry", letter, *WHY) for _ in range(3)))
    assert [run.code for run in ran] == [0, 0, 0], [run.output + run.errors for run in ran]
    assert [status for _, _, status in await desk.causation_of(sent.stream_id)] == ["failed", "accepted"]


async def test_after_a_crash_between_the_record_and_the_sending_sends_the_same_id(desk: Desk) -> None:
    sent = create_user(first_name="Gerald")
    letter = await desk.failed(sent, "Gerald")
    command_id = str(uuid.uuid5(uuid.UUID(sent.command_id), "retry/1"))
    database = Database(url_of(desk.system.settings), role="annals_writer", connections=1)
    await database.open()
    details = {"command_id": command_id, "root_id": sent.command_id, "attempt": 1}
    try:
        table = PostgresDeadLetterTable(database)
        assert await table.record_attempt("ada", letter, Reason("then the lights went out"), details) == "dlq-retry"
        assert await table.record_attempt("bob", letter, Reason("a second operator"), details) == "dlq-resend"
    finally:
        await database.close()
    assert [listed["id"] for listed in await desk.listed("--stream", sent.stream_id, "--state", "retried")] == [letter]
    ran = result_of(await desk.dlq("retry", letter, "--json", *WHY))
    assert ran["command_id"] == command_id
    assert ran["outcome"]["status"] == "accepted"


async def test_of_all_that_match_whether_discarded_or_not(desk: Desk) -> None:
    sent = [create_user(first_name="Hedy") for _ in range(3)]
    letters = [await desk.failed(command, "Hedy") for command in sent]
    streams = {command.stream_id for command in sent}
    for letter in letters[:2]:
        assert (await desk.dlq("discard", letter, "--reason", "not needed", "--actor", "bob")).code == 0
    assert not streams & {listed["stream"] for listed in await desk.listed("--stream", sent[0].stream_id)}
    shown = (await desk.dlq("show", letters[0], "--json")).json()
    assert shown["state"] == "discarded"
    assert [(action["action"], action["actor"], action["reason"]) for action in shown["actions"]] == [
        ("dlq-discard", "bob", "not needed")
    ]
    again = await desk.dlq("discard", letters[0], "--reason", "not needed")
    assert "was discarded already" in again.output
    arguments = ("--all-matching", "--dlq-reason", "HandlerFailed", "--state", "discarded", "--json")
    ran = await desk.dlq("retry", *arguments, *WHY)
    assert {json.loads(line)["id"] for line in ran.output.splitlines()} >= set(letters[:2])
    assert ran.code == 0, ran.output
    for command in sent[:2]:
        assert (await desk.causation_of(command.stream_id))[-1][2] == "accepted"
    assert len(await desk.causation_of(sent[2].stream_id)) == 1


async def test_that_is_a_dry_run_changes_nothing(desk: Desk) -> None:
    sent = create_user(first_name="Ida")
    letter = await desk.failed(sent, "Ida")
    before = await desk.system.value("SELECT count(*) FROM annals.interventions")
    assert (await desk.dlq("retry", letter, "--dry-run", *WHY)).code == 0
    assert (await desk.dlq("discard", letter, "--dry-run", "--reason", "x")).code == 0
    assert await desk.system.value("SELECT count(*) FROM annals.interventions") == before
    assert [listed["id"] for listed in await desk.listed("--stream", sent.stream_id)] == [letter]


def _seconds_from_now(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
