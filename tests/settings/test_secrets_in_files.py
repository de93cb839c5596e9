"""Each secret of the settings may come from a file: `ANNALS_<NAME>_FILE`. What is wrong with it is told without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from infra.accounts import Account
from infra.devstack.screen import JsonScreen
from infra.devstack.system import RunningSystem
from infra.locating import Addresses, located
from infra.secret_files import MAX_BYTES, ReadSecret, is_secret
from infra.settings import Settings

SECRETS = sorted(name for name, field in Settings.model_fields.items() if is_secret(field.annotation))
# A secret that must have a form, and settings that one is of no use without.
VALUES = {
    "database_url": "postgresql://ada:hidden@db.example/annals",
    "redis_url": "rediss://:hidden@db.example:6379/0",
}
NEEDS = {
    "database_tls_key_password": {"DATABASE_TLS_CERT_FILE": "/certificate", "DATABASE_TLS_CA_FILE": "/authority"},
    "kafka_tls_key_password": {"KAFKA_TLS_CERT_FILE": "/certificate", "KAFKA_SECURITY_PROTOCOL": "SSL"},
    "redis_sentinel_password": {"REDIS_URL": "redis+sentinel://db.example/cards"},
    "redis_tls_key_password": {"REDIS_TLS_CERT_FILE": "/certificate", "REDIS_URL": "rediss://db.example"},
}
URL = VALUES["database_url"]


@pytest.fixture(autouse=True)
def _nothing_is_set(no_addresses_in_environment: None) -> None:
    """No address comes from outside the test."""


@pytest.fixture(params=SECRETS)
def field(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A secret of the settings, with what it needs."""
    for name, value in NEEDS.get(request.param, {}).items():
        monkeypatch.setenv(f"ANNALS_{name}", value)
    return str(request.param)


def refusal() -> str:
    with pytest.raises(ValidationError) as caught:
        Settings()
    return str(caught.value)


def test_settings_whose_names_tell_of_a_secret_are_secrets() -> None:
    told = ("password", "secret", "token_value", "database_url", "redis_url")
    assert {name for name in Settings.model_fields if name.endswith(told)} <= set(SECRETS)
    assert len(SECRETS) >= 4


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_file_holds_the_value(field: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value = VALUES.get(field, "hidden ümlaut")
    (tmp_path / "secret").write_bytes(f"{value}{end}".encode())
    monkeypatch.setenv(f"ANNALS_{field.upper()}_FILE", str(tmp_path / "secret"))
    secret = getattr(Settings(), field)
    assert secret.get_secret_value() == value
    assert "hidden" not in repr(Settings())


def test_of_several_newlines_the_last_one_is_none_of_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_bytes(b" two\nlines\n\n")
    monkeypatch.setenv("ANNALS_KAFKA_SASL_PASSWORD_FILE", str(tmp_path / "secret"))
    assert Settings().kafka_sasl_password == SecretStr(" two\nlines\n")


def test_a_secret_that_is_given_twice_is_refused(field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value, variable = VALUES.get(field, "hidden"), f"ANNALS_{field.upper()}"
    (tmp_path / "secret").write_text(value)
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv(f"{variable}_FILE", str(tmp_path / "secret"))
    assert f"{variable} and {variable}_FILE are both set: unset one of them" in refusal()
    monkeypatch.setenv(variable, "")  # an empty variable is unset
    assert getattr(Settings(), field).get_secret_value() == value


def _missing(path: Path) -> None:
    """No file."""


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    """Reading it would wait for a writer."""
    os.mkfifo(path)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _newline(path: Path) -> None:
    path.write_bytes(b"\n")


def _large(path: Path) -> None:
    path.write_bytes(b"hidden" + b"n" * MAX_BYTES)


def _latin(path: Path) -> None:
    path.write_bytes("hidden ümlaut".encode("latin-1"))


UNUSABLE = {
    "No such file or directory": _missing,
    "no regular file": _pipe,
    "no regular file ": _folder,
    "is empty": _empty,
    "is empty ": _newline,
    "more than 65536 bytes": _large,
    "not UTF-8": _latin,
}


@pytest.mark.parametrize("reason", UNUSABLE)
def test_a_file_that_holds_no_secret_is_refused(
    field: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    UNUSABLE[reason](file)
    monkeypatch.setenv(f"ANNALS_{field.upper()}_FILE", str(file))
    said = refusal()
    assert field in said
    assert f"the file {file} of ANNALS_{field.upper()}_FILE" in said
    assert reason.strip() in said
    assert "hidden" not in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_of_somebody_else_is_refused(field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("hidden")
    (tmp_path / "secret").chmod(0)
    monkeypatch.setenv(f"ANNALS_{field.upper()}_FILE", str(tmp_path / "secret"))
    assert "cannot be read: Permission denied" in refusal()


def test_a_largest_secret_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_bytes(b"n" * MAX_BYTES)
    monkeypatch.setenv("ANNALS_KAFKA_SASL_PASSWORD_FILE", str(tmp_path / "secret"))
    assert Settings().kafka_sasl_password == SecretStr("n" * MAX_BYTES)


def test_a_url_of_a_wrong_form_is_refused_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("mysql://ada:hidden@db.example/annals")
    monkeypatch.setenv("ANNALS_DATABASE_URL_FILE", str(tmp_path / "secret"))
    said = refusal()
    assert "must have the form postgresql://" in said
    assert "hidden" not in said


def test_a_child_is_told_of_the_file_and_not_the_secret(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(VALUES.get(field, "hidden"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"ANNALS_{field.upper()}_FILE", "secret")
    handed_on = Settings().environment()
    assert handed_on[f"ANNALS_{field.upper()}_FILE"] == str(tmp_path / "secret")
    assert "hidden" not in str(handed_on)
    monkeypatch.chdir("/")
    for name, value in handed_on.items():
        monkeypatch.setenv(name, value)
    assert getattr(Settings(), field).get_secret_value() == VALUES.get(field, "hidden")


def test_a_secret_that_replaces_that_of_a_file_reaches_a_child(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(VALUES.get(field, "hidden"))
    monkeypatch.setenv(f"ANNALS_{field.upper()}_FILE", str(tmp_path / "secret"))
    other = VALUES.get(field, "hidden").replace("hidden", "other")
    for name, value in Settings().model_copy(update={field: SecretStr(other)}).environment().items():
        monkeypatch.setenv(name, value)
    assert getattr(Settings(), field).get_secret_value() == other


def test_addresses_that_are_handed_on_stand_above_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(URL)
    monkeypatch.setenv("ANNALS_DATABASE_URL_FILE", str(tmp_path / "secret"))
    addresses = Addresses("one:9092", "postgresql://own.example/annals", "redis://own.example")
    for name, value in addresses.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings().database_url == SecretStr("postgresql://own.example/annals")


def test_what_up_sets_up_reads_the_file_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(URL)
    monkeypatch.setenv("ANNALS_DATABASE_URL_FILE", str(tmp_path / "secret"))
    system = RunningSystem(Settings(home=tmp_path), JsonScreen())
    given = system._environment(Addresses("one:9092", URL, "redis://:embedded@127.0.0.1:1/0"))
    assert given["ANNALS_REDIS_URL"] == "redis://:embedded@127.0.0.1:1/0"
    assert "hidden" not in str(given)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Settings().database_url == SecretStr(URL)


def test_located_settings_know_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(URL)
    monkeypatch.setenv("ANNALS_DATABASE_URL_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("ANNALS_REDIS_URL", "redis://other.example")
    monkeypatch.setenv("ANNALS_KAFKA_BOOTSTRAP_SERVERS", "one:9092")
    settings = located(Settings(home=tmp_path), account=Account.OWNER)
    assert isinstance(settings.database_url, ReadSecret)


def test_a_command_ends_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"hidden\xff")
    ended = subprocess.run(
        [sys.executable, "-m", "infra.cli.main", "worker", "command"],
        env=os.environ | {"ANNALS_REDIS_URL": "", "ANNALS_REDIS_URL_FILE": str(tmp_path / "secret")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    (sentence,) = ended.stderr.strip().splitlines()
    assert sentence.startswith("The settings are not usable. ANNALS_REDIS_URL: ")
    assert "is not UTF-8" in sentence
    assert "hidden" not in sentence
