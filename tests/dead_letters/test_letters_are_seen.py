"""`annals dlq list` and `annals dlq show`."""

import json

import pytest

from contracts.users.examples import PASSWORD_HASH
from infra.postgres.migrate import migrate
from infra.settings import Settings
from tests.cli.conftest import run_annals
from tests.dead_letters.conftest import Desk, url_of
from tests.dead_letters.letters import deliver
from tests.sent_commands import create_user
from workers.ports.log import OutboundRecord


async def test_with_place_time_reason_type_and_state_oldest_first_and_totals_by_reason(desk: Desk) -> None:
    malformed, failing = create_user()._replace(value=b"no json"), create_user(first_name="Ada")
    first, second = await desk.letter_of(malformed), await desk.failed(failing, "Ada")
    ran = await desk.dlq("list", "--json", "--context", "users")
    letters = {letter["id"]: letter for letter in ran.json()["letters"]}
    shown = letters[second]
    assert (shown["reason"], shown["type"], shown["state"]) == ("HandlerFailed", "users.CreateUser.v1", "open")
    assert shown["stream"] == failing.stream_id
    assert 0 <= shown["age_seconds"] < 300
    assert list(letters).index(first) < list(letters).index(second)
    assert [listed["time"] for listed in letters.values()] == sorted(listed["time"] for listed in letters.values())
    assert ran.json()["by_reason"]["MalformedJson"] >= 1
    text = await desk.dlq("list", "--reason", "HandlerFailed", "--stream", failing.stream_id)
    line, totals = text.output.splitlines()
    assert line.startswith(f"{second}  ")
    assert totals == "1 dead letter: 1 HandlerFailed"


async def test_by_filters(desk: Desk) -> None:
    letter = await desk.letter_of(create_user()._replace(value=b"[]"))
    (shown,) = [listed for listed in await desk.listed() if listed["id"] == letter]

    async def is_listed(*arguments: str) -> bool:
        return letter in [listed["id"] for listed in await desk.listed(*arguments)]

    assert await is_listed("--topic", "users.commands", "--type", "users.CreateUser", "--reason", "MalformedJson")
    assert await is_listed("--since", shown["time"])
    assert not await is_listed("--until", shown["time"])
    assert not await is_listed("--reason", "HandlerFailed")
    assert not await is_listed("--state", "discarded")


async def test_with_all_that_is_known_but_no_secret(desk: Desk) -> None:
    sent = create_user(first_name="Grace", password_hash=PASSWORD_HASH)
    letter = await desk.failed(sent, "Grace")
    shown = (await desk.dlq("show", letter, "--json")).json()
    assert shown["value"] == {**json.loads(sent.value), "password_hash": "***"}
    assert shown["command_id"] == sent.command_id
    assert ["ce_id", sent.command_id] in shown["headers"]
    assert shown["error"] == "ZeroDivisionError while deciding"
    assert shown["outcome"]["status"] == "failed"
    assert shown["actions"] == []
    text = await desk.dlq("show", letter)
    assert text.code == 0
    assert "argon2" not in text.output
    assert "outcome: failed HandlerFailed" in text.output
    raw = await desk.dlq("show", letter, "--raw")
    assert raw.output.encode() == sent.value


async def test_once_when_they_are_in_the_topic_twice(desk: Desk) -> None:
    sent = create_user()._replace(value=b"twice")
    letter = await desk.letter_of(sent)
    (stored,) = [record for record in desk.system.records("users.commands.dlq")[0] if record.value() == b"twice"]
    await deliver(desk.system.settings, [OutboundRecord(stored.key(), stored.value(), stored.headers())])
    assert [listed["id"] for listed in await desk.listed("--stream", sent.stream_id)] == [letter]
    ran = await desk.dlq("list", "--stream", sent.stream_id, "--json")
    assert ran.json()["matching"] == 1


async def test_beside_records_that_no_worker_has_written(desk: Desk) -> None:
    await deliver(desk.system.settings, [OutboundRecord(b"foreign", b"{}", [])])
    ran = await desk.dlq("list", "--json")
    assert ran.code == 0
    assert ran.json()["foreign_records"] >= 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("show", "users.commands/0/999999"), 1, "no such dead letter"),
        (("show", "nobody.commands/0/1"), 1, "no such dead letter"),
        (("show", "users.commands"), 2, "no dead letter's id"),
        (("list", "--context", "nobody"), 2, "known: "),
        (("list", "--topic", "nobody.commands"), 2, "known: "),
        (("list", "--since", "yesterday"), 2, "RFC 3339"),
        (("list", "--since", "2026-01-01T00:00:00"), 2, "time zone"),
        (("retry", "--reason", "x"), 2, "--all-matching"),
        (("discard", "users.commands/0/1", "--all-matching", "--reason", "x"), 2, "--all-matching"),
        (("discard", "users.commands/0/1", "--reason", " "), 2, "say why"),
        (("discard", "users.commands/0/999999", "--reason", "x"), 1, "no such dead letter"),
    ],
)
async def test_not_when_asked_for_wrongly(desk: Desk, arguments: tuple[str, ...], code: int, message: str) -> None:
    ran = await desk.dlq(*arguments)
    assert (ran.code, message in " ".join(ran.errors.split())) == (code, True), ran.errors


async def test_not_when_a_server_is_away(settings: Settings) -> None:
    await migrate(url_of(settings))
    away = settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    ran = await run_annals(away, "dlq", "list")
    assert ran.code == 3
    assert "Kafka" in ran.errors
