"""`annals send` makes commands of words, says what is wrong with them, and ends with the right code."""

import asyncio
import json
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from contracts.users.commands import ChangePassword, CreateUser, UpdateUser
from infra.cli.command_line_values import command_from, fields_of
from infra.cli.send import app
from infra.passwords import Argon2Passwords
from infra.settings import Settings
from tests.gateway.running import annals
from workers.ports.commands import Overloaded

ADA = ("first_name=Ada", "last_name=Lovelace", "email=ada@example.org")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "name a command"),
        (("users.CreateUsr",), "did you mean users.CreateUser?"),
        (("createuser",), "did you mean users.CreateUser"),
        (("planets.Explode",), "known: inventory.ReceiveStock"),
        (("users.CreateUser", "first_name"), "name=value"),
        (("users.CreateUser", "=Ada"), "name=value"),
        (("users.CreateUser", *ADA, "city=Rome", "city=Oslo"), "city is given twice"),
        (("users.CreateUser", *ADA, "city:=Rome"), "city is not valid JSON"),
        (("users.CreateUser", *ADA, "town=Rome"), "there is no field town"),
        (("users.CreateUser", *ADA, "frist_name=A"), "did you mean first_name?"),
        (("users.CreateUser", "first_name=Ada"), "email: Field required"),
        (("users.CreateUser", *ADA[:2], "email=nobody"), "email: does not have the form"),
        (("users.CreateUser", *ADA, "password=hunter2"), "password=@-"),
        (("users.CreateUser", *ADA, 'password:="hunter2"'), "password=@FILE"),
        (("users.ChangePassword", "user_id=ada", "password_hash=hunter2"), "password_hash=@-"),
        (("users.CreateUser", *ADA, "password=@"), "password=@-"),
        (("users.CreateUser", *ADA, "password=@/no/such/file"), "/no/such/file cannot be read: No such file"),
        (("users.CreateUser", *ADA, "--id", "seven"), "must be a UUID"),
        (("users.CreateUser", *ADA, "--expected-version", "-1"), "--expected-version"),
    ],
)
def test_a_command_that_cannot_be_made_is_explained(words: tuple[str, ...], says: str) -> None:
    result = CliRunner().invoke(app, [*words], env={"COLUMNS": "400", "TERM": "dumb"})
    assert result.exit_code == 2
    assert says in result.output
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"type": "users.WelcomeUser"}', "must be"),
        ('{"type": "users.WelcomeUser", "data": {"user": "x"}}', "there is no field user"),
        ('{"type": "users.WelcomeUser", "data": {"user_id": "x"}, "id": "7"}', "must be a UUID"),
    ],
)
def test_a_wrong_line_of_a_file_is_named(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "commands.jsonl"
    file.write_text('{"type": "users.WelcomeUser", "data": {"user_id": "x"}}\n\n' + line + "\n")
    result = CliRunner().invoke(app, ["--file", str(file)], env={"COLUMNS": "400", "TERM": "dumb"})
    assert result.exit_code == 2
    assert "line 3" in result.output
    assert says in result.output


async def test_words_become_fields() -> None:
    passwords = Argon2Passwords()
    made = await command_from(UpdateUser, fields_of(["user_id=ada-1", "first_name=a=b", "city:=null"]), passwords)
    assert made == UpdateUser(user_id="ada-1", first_name="a=b", city=None)
    assert made.model_fields_set == {"user_id", "first_name", "city"}


async def test_a_missing_stream_id_is_made() -> None:
    passwords = Argon2Passwords()
    first, second = [await command_from(CreateUser, fields_of(ADA), passwords) for _ in range(2)]
    assert len({first.stream_id, second.stream_id}) == 2


async def test_a_password_becomes_its_argon2id_hash() -> None:
    words = fields_of(["user_id=ada-1", "password=correct horse"])
    made = await command_from(ChangePassword, words, Argon2Passwords())
    assert isinstance(made, ChangePassword)
    assert PasswordHasher().verify(made.password_hash, "correct horse")
    assert b"correct horse" not in made.to_json()


async def test_more_passwords_than_can_wait_are_refused() -> None:
    passwords = Argon2Passwords(threads=1, max_waiting=0)
    first = asyncio.create_task(passwords.hashed("correct horse"))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await passwords.hashed("battery staple")
    assert (await first).startswith("$argon2id$")
    assert (await passwords.hashed("battery staple")).startswith("$argon2id$")


async def test_without_a_worker_the_outcome_is_not_there_in_time(kafka: Settings) -> None:
    ended = await annals(kafka, "send", "users.WelcomeUser", "user_id=ada-1", "--wait", "0.2", "--json")
    assert ended.code == 3
    pending = json.loads(ended.output)
    assert (pending["status"], pending["stream_id"]) == ("pending", "ada-1")


async def test_without_kafka_it_ends_with_one_sentence(kafka: Settings) -> None:
    nowhere = kafka.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9"})
    ended = await annals(nowhere, "send", "users.WelcomeUser", "user_id=ada-1")
    assert ended.code == 3
    (sentence,) = ended.errors.strip().splitlines()
    assert sentence.startswith("Kafka is not available (no broker answers: ")
    assert "Connect call failed" in sentence, "why"
    assert "bootstrap servers" in sentence, "what to do"
    assert sentence.endswith("waited 10 s)")
