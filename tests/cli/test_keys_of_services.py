"""`annals auth`: keys of services are created, listed and revoked, and a token is made for development."""

import json
import stat

import pytest

from infra.settings import Settings
from tests.cli.conftest import Annals
from tests.cli.conftest import run_annals as run

WHY = ("--reason", "the shop opens")


async def test_a_key_is_printed_once_and_alone(annals: Annals) -> None:
    created = await annals("auth", "key", "create", "shop", "--scope", "b", "--scope", "a", *WHY)
    assert created.code == 0, created.errors
    (key,) = created.lines
    id_, secret = key.removeprefix("annals_").split("_", 1)
    assert len(secret) == 43
    assert f"{id_}  shop  scopes: a b" in created.errors
    listed = await annals("auth", "key", "list")
    assert any(line.startswith(f"{id_}  shop  scopes: a b  created ") for line in listed.lines)
    for answer in (created.errors, listed.output, (await annals("auth", "key", "list", "--json")).output):
        assert secret not in answer
        assert "hash" not in answer


async def test_as_json(annals: Annals) -> None:
    answer = await annals("auth", "key", "create", "bank", "--expires-in-days", "1", *WHY, "--json")
    created = json.loads(answer.output)
    assert created["api_key"].startswith(f"annals_{created['id']}_")
    assert (created["name"], created["scopes"], created["revoked_at"]) == ("bank", [], None)
    assert created["expires_at"] > created["created_at"]
    revoked = json.loads((await annals("auth", "key", "revoke", created["id"], *WHY, "--json")).output)
    assert revoked["revoked_at"] > created["created_at"]
    again = await annals("auth", "key", "revoke", created["id"], *WHY)
    assert again.code == 0
    assert "REVOKED" in again.output
    assert "bank" in (await annals("auth", "key", "list")).output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("key", "create", "a b", *WHY), 1, "A service's name"),
        (("key", "create", "shop", "--scope", "a b", *WHY), 1, "scopes"),
        (("key", "create", "shop"), 2, "--reason"),
        (("key", "create", "shop", "--reason", " "), 2, "blank"),
        (("key", "create", "shop", "--expires-in-days", "-1", *WHY), 2, "expires-in-days"),
        (("key", "revoke", "0123456789abcdef", *WHY), 1, "There is no key"),
        (("key", "revoke", f"annals_0123456789abcdef_{'a' * 43}", *WHY), 1, "by its id"),
        (("token",), 2, "--sub"),
        (("token", "--sub", "service:shop"), 2, "services, operators or sagas"),
        (("token", "--sub", "ada lovelace"), 2, "printable"),
        (("token", "--sub", "ada", "--scope", "a b"), 2, "scope"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
async def test_what_cannot_be_is_refused_in_one_sentence(
    annals: Annals, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = await annals("auth", *arguments)
    assert ended.code == code, ended.errors
    assert said in " ".join(ended.errors.split())
    assert "a" * 43 not in ended.errors
    assert "Traceback" not in ended.errors


async def test_a_token_needs_no_server(recorded_settings: Settings) -> None:
    ended = await run(recorded_settings, "auth", "token", "--sub", "ada", "--json")
    made = json.loads(ended.output)
    assert made["expires_in_seconds"] == 3600
    assert made["token"].count(".") == 2
    (key_file,) = (recorded_settings.home / "secrets").glob("development-issuer*")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    key_file.chmod(0o644)
    refused = await run(recorded_settings, "auth", "token", "--sub", "ada")
    key_file.chmod(0o600)
    assert refused.code == 1
    assert "0600" in refused.errors
