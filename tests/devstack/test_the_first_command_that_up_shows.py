"""Whoever starts the system pastes it: it fits the way in which this gateway asks who somebody is."""

from typing import Any

import pytest

from infra.devstack.screen import TextScreen
from infra.devstack.system import token_command
from infra.settings import Settings

URL = "http://127.0.0.1:8080"
ISSUER = {"auth_issuer": "https://issuer.example", "auth_audience": "annals"}


@pytest.mark.parametrize(
    ("given", "token"),
    [
        ({}, None),
        ({"auth": "oidc", "auth_development_issuer": True}, "token=$(annals auth token --sub ada --scope users.write)"),
        ({"auth": "oidc", **ISSUER}, "token=…  # of whoever has the scope users.write"),
    ],
    ids=["nobody is asked", "the development issuer", "an issuer"],
)
def test_is_one_or_two_lines(given: dict[str, Any], token: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert token_command(Settings(**given)) == token
    TextScreen().ready([], URL, token=token)
    lines = capsys.readouterr().out.splitlines()
    (place,) = [number for number, line in enumerate(lines) if "curl -i" in line]
    assert f"{URL}/users" in lines[place]
    assert ("Bearer $token" in lines[place]) == (token is not None)
    assert lines[place - 1].strip() == (token or "")
