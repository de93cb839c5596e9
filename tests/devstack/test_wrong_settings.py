"""Addresses of a wrong form are rejected at once, with one sentence that never shows a password."""

import os
import subprocess
import sys
from typing import get_args

import pytest
from pydantic import SecretStr, ValidationError

from infra.settings import Settings

GOOD = {
    "database_url": [
        "postgresql://ada:hidden@db.example:5432/annals",
        "postgres://db.example/annals",
        "postgresql://ada@one:5432,two:5433/annals?target_session_attrs=read-write",
        "postgresql://ada:hidden@[::1]:5432/annals",
        "postgresql:///annals?host=/var/run/postgresql&user=ada@example",
    ],
    "kafka_bootstrap_servers": ["one", "one:9092, two:9093", "[::1]:9092", "b\u00fccher.example:9092", "10.0.0.1:1"],
    "redis_url": [
        *("redis://:hidden@db.example:6379/0", "rediss://db.example", "unix:///run/redis.sock?db=1"),
        "redis+sentinel://ada:hidden@one:26379,two:26379,three:26379/cards/0",
        "rediss+sentinel://:hid%2Fden@one,two/cards",
        "redis+sentinel://[::1]:26379,[::2]:26379,10.0.0.1/my.cards-1_2/15?protocol=2",
        "REDIS+SENTINEL://one/cards/",
    ],
}
WRONG = {
    "database_url": [
        "db.example:5432",
        "mysql://ada:hidden@db.example/annals",
        "postgresql://ada:hid/den@db.example/annals",
        "postgresql://ada:hid#den@db.example/annals",
        "postgresql://ada:hidden@db.example:port/annals",
        "postgresql://[ada:hidden",
        "postgresql://ada:hidden@db..example/annals",
        f"postgresql://ada:hidden@{'l' * 64}/annals",
        "postgresql://ada:hidden@db.example:\u0663/annals",
    ],
    "redis_url": [
        "http://:hidden@db.example:6379",
        "redis://:hid/den@db.example:6379",
        "redis://db.example:65536",
        "redis://:hidden@db..example:6379",
        "redis+sentinel://:hidden@one:26379",
        "redis+sentinel://:hidden@one:26379/",
        "redis+sentinel://:hidden@/cards/0",
        "redis+sentinel://:hidden@one,,two/cards/0",
        "redis+sentinel://:hidden@one:26379/hidden name/0",
        "redis+sentinel://:hidden@one:26379/cards/hidden",
        "redis+sentinel://:hidden@one:26379/cards/0/hidden",
        "redis+sentinel://:hidden@one:hidden/cards/0",
        "redis+sentinel://:hidden@one:65536/cards/0",
        "redis+sentinel://:hidden@one:\u0663/cards/0",
        "redis+sentinel://:hid/den@one:26379/cards/0",
        "redis+sentinel://:hid#den@one:26379/cards/0",
        "redis+sentinel://:hid?den@one:26379/cards/0",
        "redis+sentinel://:hidden@one:26379/cards/0#hidden",
        "redis+sentinel://:hidden@one..two/cards/0",
        "redis+sentinel://:hidden@" + ",".join(f"s{number}" for number in range(16)) + "/cards/0",
        "redis-sentinel://:hidden@one:26379/cards/0",
        "hidden",
    ],
    "kafka_bootstrap_servers": [
        "kafka://hidden:9092",
        "hidden:",
        "hidden:99999",
        "a:1,hidden..b:1",
        "a:1,",
        " ",
        "a b",
    ],
}


@pytest.mark.parametrize(("field", "url"), [(field, url) for field, urls in GOOD.items() for url in urls])
def test_addresses_that_are_accepted(field: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ANNALS_{field.upper()}", url)
    address = getattr(Settings(), field)
    assert (address.get_secret_value() if isinstance(address, SecretStr) else address) == url


@pytest.mark.parametrize(("field", "url"), [(field, url) for field, urls in WRONG.items() for url in urls])
def test_addresses_that_are_rejected(field: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ANNALS_{field.upper()}", url)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "must have the form" in str(caught.value)
    assert "hid" not in str(caught.value).replace("%3A", "")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"REDIS_SENTINEL_PASSWORD": "hidden", "REDIS_URL": "redis://one"}, "ANNALS_REDIS_URL names no sentinels"),
        ({"REDIS_SENTINEL_PASSWORD": "hidden"}, "ANNALS_REDIS_URL names no sentinels"),
        (
            {"REDIS_SENTINEL_USERNAME": "ada", "REDIS_URL": "redis+sentinel://one/cards"},
            "asks for ANNALS_REDIS_SENTINEL_PASSWORD",
        ),
        (
            {"REDIS_TLS_CA_FILE": "/ca", "REDIS_URL": "redis+sentinel://:hidden@one/cards"},
            "ANNALS_REDIS_URL uses no TLS: set one that begins with rediss:// or rediss+sentinel://",
        ),
        (
            {"REDIS_TLS_CA_FILE": "/ca", "REDIS_URL": "rediss+sentinel://one/cards?ssl_ca_certs=/other"},
            "set one of the two",
        ),
    ],
)
def test_what_would_not_be_used_is_rejected(
    settings: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch, no_addresses_in_environment: None
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"ANNALS_{name}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert words in str(caught.value)
    assert "hid" not in str(caught.value)


TEXTS = sorted(
    name
    for name, field in Settings.model_fields.items()
    if {str, SecretStr} & {field.annotation, *get_args(field.annotation)}
)


@pytest.mark.parametrize("field", TEXTS)
def test_a_byte_that_is_no_utf_8_is_rejected(
    field: str, monkeypatch: pytest.MonkeyPatch, no_addresses_in_environment: None
) -> None:
    value = GOOD[field][0].replace("annals", "annal\udce9") if field in GOOD else "hidd\udce9n"
    value = f"{value}\udce9" if "\udce9" not in value else value
    monkeypatch.setenv(f"ANNALS_{field.upper()}", value)
    with pytest.raises(ValidationError, match=f"{field}\n") as caught:
        Settings()
    assert "udce9" not in str(caught.value)


def test_a_path_may_have_any_bytes(monkeypatch: pytest.MonkeyPatch, no_addresses_in_environment: None) -> None:
    monkeypatch.setenv("ANNALS_HOME", "/hom\udce9")
    assert str(Settings().home) == "/hom\udce9"


@pytest.mark.parametrize(
    ("settings", "beginning"),
    [
        ({"DATABASE_URL": "postgresql://ada:hid/den@db.example/annals"}, "ANNALS_DATABASE_URL: "),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_PASSWORD": "hidden"},
            "Value error, ANNALS_KAFKA_SECURITY_PROTOCOL=SASL_SSL with ANNALS_KAFKA_SASL_MECHANISM=PLAIN asks for",
        ),
    ],
)
def test_a_command_ends_with_one_sentence(settings: dict[str, str], beginning: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "infra.cli.main", "worker", "command"],
        env=os.environ | {f"ANNALS_{name}": value for name, value in settings.items()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    (sentence,) = ended.stderr.strip().splitlines()
    assert sentence.startswith(f"The settings are not usable. {beginning}")
    assert "hid" not in sentence
