"""The development issuer signs with a key that only its owner can read; a gateway of the same home believes it."""

import stat
import time
from pathlib import Path

import pytest

from contracts.principal import Principal
from infra.home import Home
from infra.identity.development_issuer import AUDIENCE, ISSUER, DevelopmentIssuer
from infra.identity.issuer_keys import KeysUnusable
from infra.identity.key_set import KeySet
from infra.identity.tokens import Expected, JwtAuthenticator
from infra.memory.clock import MemoryClock
from workers.ports.identity import TokenRefused
from workers.ports.lanes import Unavailable


def believing(issuer: DevelopmentIssuer) -> JwtAuthenticator:
    return JwtAuthenticator(KeySet(issuer.fetch, MemoryClock()), Expected(ISSUER, AUDIENCE), time.time)


def signed(issuer: DevelopmentIssuer, **changed: int) -> str:
    given = {"now": int(time.time()), "expires_in_seconds": 60, **changed}
    return issuer.token("ada", ["users.write", "orders.read"], **given)


@pytest.fixture
def issuer(tmp_path: Path) -> DevelopmentIssuer:
    return DevelopmentIssuer(Home(tmp_path))


async def test_its_token_is_believed(issuer: DevelopmentIssuer, tmp_path: Path) -> None:
    token = signed(issuer)
    assert signed(DevelopmentIssuer(Home(tmp_path))).split(".")[0] == token.split(".")[0], "the key is kept"
    assert await believing(issuer).principal(token) == Principal("ada", frozenset({"users.write", "orders.read"}))
    (key_file,) = (tmp_path / "secrets").iterdir()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700


async def test_that_of_another_home_is_not(issuer: DevelopmentIssuer, tmp_path: Path) -> None:
    signed(issuer)
    stranger = DevelopmentIssuer(Home(tmp_path / "another"))
    with pytest.raises(TokenRefused):
        await believing(issuer).principal(signed(stranger))


async def test_its_tokens_expire(issuer: DevelopmentIssuer) -> None:
    with pytest.raises(TokenRefused, match="expired"):
        await believing(issuer).principal(signed(issuer, now=int(time.time()) - 120))


async def test_before_the_first_token_nothing_can_be_judged(issuer: DevelopmentIssuer, tmp_path: Path) -> None:
    token = signed(DevelopmentIssuer(Home(tmp_path / "another")))
    with pytest.raises(Unavailable, match="annals auth token"):
        await believing(issuer).principal(token)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666], ids=oct)
async def test_a_key_that_others_can_read_is_used_by_nobody(
    issuer: DevelopmentIssuer, tmp_path: Path, mode: int
) -> None:
    token = signed(issuer)
    (key_file,) = (tmp_path / "secrets").iterdir()
    key_file.chmod(mode)
    with pytest.raises(KeysUnusable, match="0600"):
        signed(issuer)
    with pytest.raises(Unavailable, match="0600"):
        await believing(issuer).principal(token)


@pytest.mark.parametrize("content", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
async def test_a_file_that_is_no_key_is_named(issuer: DevelopmentIssuer, tmp_path: Path, content: str) -> None:
    signed(issuer)
    (key_file,) = (tmp_path / "secrets").iterdir()
    key_file.write_text(content)
    with pytest.raises(KeysUnusable, match=r"development-issuer\.pem") as caught:
        signed(issuer)
    assert not content or content not in str(caught.value)
