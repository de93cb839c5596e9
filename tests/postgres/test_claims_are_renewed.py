"""Claims of an earlier release: each gets today's key once; who comes second with an equal value is named."""

from datetime import UTC, datetime
from typing import Any

from infra.postgres.renewing_claims import Renewal, SharedClaim, renew_claims
from workers.domain import contexts

CLAIM_KEYS = {name: context.decider.claim_key for name, context in contexts().items()}
EARLIER_CLAIMS = [
    ("zoe\u0308@example.org", "zoe"),  # two characters
    ("zoë@example.org", "other-zoe"),  # one character, and later
    ("ada@münchen.example", "ada"),
    ("bob@example.org", "bob"),
    ("straße@example.org", "berta"),
]
RENEWED_CLAIMS = {
    "ada@xn--mnchen-3ya.example": "ada",
    "bob@example.org": "bob",
    "strasse@example.org": "berta",
}


async def claim(onlooker: Any, key: str, stream_id: str, day: int) -> None:
    await onlooker.execute(
        "INSERT INTO annals.unique_claims VALUES ('users', 'email', $1, $2, $3)",
        key,
        stream_id,
        datetime(2026, 1, day, tzinfo=UTC),
    )


async def claims(onlooker: Any) -> dict[str, str]:
    return dict(await onlooker.fetch("SELECT key, stream_id FROM annals.unique_claims"))


async def test_once_and_for_all(url: str, onlooker: Any) -> None:
    for day, (key, stream_id) in enumerate(EARLIER_CLAIMS, start=1):
        await claim(onlooker, key, stream_id, day)
    shared = SharedClaim("users", "email", "zoë@example.org", "other-zoe", "zoe")
    assert await renew_claims(url, CLAIM_KEYS) == Renewal(2, [shared])
    assert await claims(onlooker) == RENEWED_CLAIMS | {"zoë@example.org": "other-zoe", "zoe\u0308@example.org": "zoe"}
    assert await renew_claims(url, CLAIM_KEYS) == Renewal(0, [shared])
    await onlooker.execute("DELETE FROM annals.unique_claims WHERE stream_id = 'other-zoe'")
    assert await renew_claims(url, CLAIM_KEYS) == Renewal(1, [])
    assert await claims(onlooker) == RENEWED_CLAIMS | {"zoë@example.org": "zoe"}


async def test_the_first_of_two_keeps_the_value(url: str, onlooker: Any) -> None:
    await claim(onlooker, "ada@u\u0308.example", "first", 1)
    await claim(onlooker, "ada@ü.example", "second", 2)
    shared = SharedClaim("users", "email", "ada@xn--tda.example", "first", "second")
    assert await renew_claims(url, CLAIM_KEYS) == Renewal(1, [shared])
    assert await claims(onlooker) == {"ada@xn--tda.example": "first", "ada@ü.example": "second"}


async def test_nothing_is_there_to_renew(url: str, onlooker: Any) -> None:
    await claim(onlooker, "ada@example.org", "ada", 1)
    assert await renew_claims(url, CLAIM_KEYS) == Renewal(0, [])
    assert await claims(onlooker) == {"ada@example.org": "ada"}
