"""Secrets of `annals send` come from a prompt, a pipe or a file; a text on the command line is refused."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from contracts.catalogue import catalogue
from contracts.message import Command
from contracts.users.commands import ChangePassword, CreateUser, UpdateUser
from infra.cli.command_line_values import fields_of
from infra.cli.secret_fields import secret_names, with_secrets

SECRET = "correct horse battery"
PROMPTED = """
from contracts.users.commands import ChangePassword
from infra.cli.command_line_values import fields_of
from infra.cli.secret_fields import with_secrets
fields = with_secrets(ChangePassword, fields_of(["user_id=ada", "password=@-"]))
print("LENGTH", len(fields["password"]))
"""


def read(*words: str, model: type[Command] = ChangePassword) -> dict[str, object]:
    return with_secrets(model, fields_of(words))


@pytest.mark.parametrize(
    "word", [f"password={SECRET}", f'password:="{SECRET}"', "password=", f"password_hash={SECRET}"]
)
def test_a_text_is_refused_with_what_to_do_instead(word: str) -> None:
    with pytest.raises(typer.BadParameter) as refusal:
        read("user_id=ada", word)
    assert "=@-" in refusal.value.message
    assert "=@FILE" in refusal.value.message
    assert SECRET not in refusal.value.message


@pytest.mark.parametrize("text", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n", f"{SECRET}\nanother line\n"])
def test_the_first_line_of_a_file_or_a_pipe_is_the_secret(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_bytes(text.encode())
    assert read("user_id=ada", f"password=@{file}") == {"user_id": "ada", "password": SECRET}
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert read("password=@-") == {"password": SECRET}


def test_what_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "latin").write_bytes(b"p\xe4ssword")
    (tmp_path / "empty").write_bytes(b"\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    for place in (tmp_path, tmp_path / "latin", tmp_path / "empty", "-"):
        with pytest.raises(typer.BadParameter):
            read(f"password=@{place}")


@pytest.mark.parametrize(("second", "says"), [(SECRET, f"LENGTH {len(SECRET)}"), ("another", "the two inputs differ")])
def test_at_a_terminal_it_is_asked_for_twice_and_not_echoed(second: str, says: str) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROMPTED], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        answers = [SECRET, second]
        try:
            while piece := os.read(ours, 4096):
                shown += piece
                if answers and shown.endswith(b": "):
                    os.write(ours, answers.pop(0).encode() + b"\n")
        except OSError:
            pass  # how a terminal says that its last program has ended
        process.wait(60)
    os.close(ours)
    assert says in shown.decode()
    assert SECRET not in shown.decode()


def test_other_fields_may_begin_with_an_at_sign() -> None:
    assert read("user_id=ada", "city=@-", model=UpdateUser) == {"user_id": "ada", "city": "@-"}


def test_secrets_are_the_fields_that_their_models_do_not_show() -> None:
    assert secret_names(CreateUser) == {"password", "password_hash"}
    secret = {model.name: secret_names(model) for model in catalogue().commands.values() if secret_names(model)}
    assert secret.keys() == {"CreateUser", "ChangePassword"}
