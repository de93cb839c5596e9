"""Commands with identities: keys, senders, an envelope with every header, and any other."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from contracts.envelope import CommandEnvelope
from contracts.identity import KEY_BYTES, WHOSE_KEY_IT_IS, Identities, IdentityKey
from contracts.principal import Principal

NOW = 1_800_000_000.0
OLD, NEW = IdentityKey("old", b"o" * KEY_BYTES), IdentityKey("new", b"n" * KEY_BYTES)
ADA = Principal("ada", frozenset({"orders.write", "users.read"}))
VALUE = b'{"city":"London"}'
ENVELOPE = CommandEnvelope(
    id="0198c0de-ada0-7000-8000-000000000001",
    type="users.UpdateUser.v1",
    source="/shop",
    subject="ada",
    time="2026-11-27T09:00:00.000000Z",
    correlation_id="correlation",
    causation_id="cause",
    traceparent="00-1-1-01",
    actor="ada",
    reply_to="replies:3",
    expected_version=4,
    expires_at=datetime(2027, 1, 1, tzinfo=UTC),
)
API_KEY = f"annals_{'0' * 16}_{'s' * 43}"
SHOP = Principal("service:shop", frozenset({"orders.write"}))


def by(*keys: IdentityKey, at: float = NOW) -> Identities:
    return Identities(keys, clock=lambda: at)


names = st.from_regex(r"\A[!-~]{1,40}\Z").filter(lambda name: name != WHOSE_KEY_IT_IS.name)
principals = st.builds(Principal, names, st.frozensets(st.from_regex(r"\A[a-z.]{1,20}\Z"), max_size=5))
texts = st.none() | st.from_regex(r"\A[!-~]{1,30}\Z")
envelopes = st.builds(
    CommandEnvelope,
    id=st.uuids().map(str),
    type=st.just("users.UpdateUser.v1"),
    source=st.from_regex(r"\A[!-~]{1,30}\Z"),
    subject=st.from_regex(r"\A[!-~]{1,30}\Z"),
    time=st.just("t"),
    correlation_id=st.from_regex(r"\A[!-~]{1,30}\Z"),
    causation_id=st.from_regex(r"\A[!-~]{1,30}\Z"),
    traceparent=texts,
    actor=texts,
    reply_to=texts,
    expected_version=st.none() | st.integers(0, 9),
    expires_at=st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)

CHANGES: list[dict[str, Any]] = [
    {"id": "0198c0de-ada0-7000-8000-000000000002"},
    {"type": "users.DeleteUser.v1"},
    {"source": "/other"},
    {"subject": "grace"},
    {"time": "2026-11-27T09:00:00.000001Z"},
    {"correlation_id": "other"},
    {"causation_id": "other"},
    {"traceparent": None},
    {"actor": "grace"},
    {"reply_to": "replies:4"},
    {"expected_version": None},
    {"expected_version": 5},
    {"expires_at": None},
]
"""Of what is proven of ENVELOPE."""
