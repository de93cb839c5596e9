"""Addresses of a wrong form are refused at once, in one sentence that never shows a password."""

import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from infra.settings import Settings

GOOD = {
    "database_url": [
        "postgresql://ada:hidden@db.example:5432/annals",
        "postgres://db.example/annals",
        "postgresql://ada@one:5432,two:5433/annals?target_session_attrs=read-write",
        "postgresql://ada:hidden@[::1]:5432/annals",
        "postgresql:///annals?host=/var/run/postgresql&user=ada@example",
    ],
    "redis_url": ["redis://:hidden@db.example:6379/0", "rediss://db.example", "unix:///run/redis.sock?db=1"],
}
WRONG = {
    "database_url": [
        "db.example:5432",
        "mysql://ada:hidden@db.example/annals",
        "postgresql://ada:hid/den@db.example/annals",
        "postgresql://ada:hid#den@db.example/annals",
        "postgresql://ada:hidden@db.example:port/annals",
        "postgresql://[ada:hidden",
    ],
    "redis_url": [
        "http://:hidden@db.example:6379",
        "redis://:hid/den@db.example:6379",
        "redis://db.example:65536",
        "hidden",
    ],
}


@pytest.mark.parametrize(("field", "url"), [(field, url) for field, urls in GOOD.items() for url in urls])
def test_addresses_that_are_taken(field: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ANNALS_{field.upper()}", url)
    assert getattr(Settings(), field).get_secret_value() == url


@pytest.mark.parametrize(("field", "url"), [(field, url) for field, urls in WRONG.items() for url in urls])
def test_addresses_that_are_not(field: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ANNALS_{field.upper()}", url)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "must have the form" in str(caught.value)
    assert "hid" not in str(caught.value).replace("%3A", "")


def test_a_command_ends_with_one_sentence() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "infra.cli.main", "worker", "command"],
        env=os.environ | {"ANNALS_DATABASE_URL": "postgresql://ada:hid/den@db.example/annals"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    (sentence,) = ended.stderr.strip().splitlines()
    assert sentence.startswith("The settings are not usable. ANNALS_DATABASE_URL: ")
    assert "hid" not in sentence
