"""An identity is that of one command by one sender: whatever else is sent with it proves nothing."""

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import CommandEnvelope, read_command
from contracts.identity import (
    LIFETIME_SECONDS,
    MAX_IDENTITY_BYTES,
    WHOSE_KEY_IT_IS,
    IdentityRefused,
    UnknownKey,
    service_key,
)
from contracts.principal import Principal
from tests.contracts.identities import (
    ADA,
    API_KEY,
    CHANGES,
    ENVELOPE,
    NEW,
    NOW,
    OLD,
    SHOP,
    VALUE,
    by,
    envelopes,
    principals,
)


def arrived(envelope: CommandEnvelope) -> CommandEnvelope:
    """As a reader has it from the headers of the record."""
    return read_command(envelope.to_headers(), envelope.subject.encode())


@given(principals, envelopes, st.binary(max_size=50))
def test_is_recognized_as_it_arrives(principal: Principal, envelope: CommandEnvelope, value: bytes) -> None:
    signed = by(NEW).signed(principal, envelope, value)
    assert by(OLD, NEW).principal(arrived(signed), value) == principal


@given(principals, envelopes, st.binary(max_size=20), envelopes, st.binary(max_size=20))
def test_proves_nothing_of_another_command(
    principal: Principal,
    envelope: CommandEnvelope,
    value: bytes,
    other: CommandEnvelope,
    other_value: bytes,
) -> None:
    signed = by(NEW).signed(principal, envelope, value)
    stolen = other._replace(identity=signed.identity)
    if (stolen, other_value) != (signed, value):
        with pytest.raises(IdentityRefused, match="changed after it was signed"):
            by(NEW).principal(stolen, other_value)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_covers_each_header(change: dict[str, Any]) -> None:
    signed = by(NEW).signed(ADA, ENVELOPE, VALUE)
    with pytest.raises(IdentityRefused):
        by(NEW).principal(signed._replace(**change), VALUE)


def test_covers_all_that_an_envelope_has() -> None:
    changed = {name for change in CHANGES for name in change}
    assert changed | {"identity"} == {*CommandEnvelope._fields}


def test_covers_who_it_says() -> None:
    signed = by(NEW).signed(ADA, ENVELOPE, VALUE)
    assert signed.identity is not None
    for forged in (
        signed.identity.replace("ada", "eve"),
        f"{signed.identity} payments.write",
        signed.identity.replace(str(int(NOW) + LIFETIME_SECONDS), str(int(NOW) + 2 * LIFETIME_SECONDS)),
        signed.identity.replace(" orders.write", ""),
    ):
        with pytest.raises(IdentityRefused):
            by(NEW).principal(signed._replace(identity=forged), VALUE)


@pytest.mark.parametrize(
    "identity",
    [
        "",
        " ",
        "new",
        "new ",
        "new 1",
        "new 1 2",
        "new x 2 ada",
        "new  ada",
        "new 99999999999 é ada",
        "\x00",
        "new \u0661 2 ada",
        "new 1 2 \udcff",
    ],
)
def test_that_is_none_is_refused(identity: str) -> None:
    with pytest.raises(IdentityRefused):
        by(NEW).principal(ENVELOPE._replace(identity=identity), VALUE)


def test_without_one_nobody_is_known() -> None:
    assert by(NEW).principal(ENVELOPE, VALUE) is None


def test_by_an_unknown_key_is_told_from_one_that_is_wrong() -> None:
    signed = by(NEW).signed(ADA, ENVELOPE, VALUE)
    with pytest.raises(UnknownKey):
        by(OLD).principal(signed, VALUE)
    with pytest.raises(LookupError, match="no key"):
        by().signed(ADA, ENVELOPE, VALUE)


def test_expires() -> None:
    signed = by(NEW).signed(ADA, ENVELOPE, VALUE)
    assert by(NEW, at=NOW + LIFETIME_SECONDS).principal(signed, VALUE) == ADA
    late = by(NEW, at=NOW + LIFETIME_SECONDS + 1)
    with pytest.raises(IdentityRefused, match="expired"):
        late.principal(signed, VALUE)
    assert late.principal(signed, VALUE, even_expired=True) == ADA


def test_of_a_service_is_by_its_api_key_and_says_nothing_else() -> None:
    key = service_key(API_KEY)
    kept = key._replace(of=SHOP)
    assert by(NEW, kept).principal(by(key).signed(WHOSE_KEY_IT_IS, ENVELOPE, VALUE), VALUE) == SHOP
    for pretended in (ADA, SHOP, Principal("saga:fulfilment")):
        with pytest.raises(IdentityRefused, match="proves that service"):
            by(NEW, kept).principal(by(key).signed(pretended, ENVELOPE, VALUE), VALUE)
    with pytest.raises(IdentityRefused, match="proves that service"):
        by(NEW, kept).principal(by(NEW).signed(WHOSE_KEY_IT_IS, ENVELOPE, VALUE), VALUE)


def test_of_a_service_is_made_as_the_documentation_says() -> None:
    """contracts/README.md, written once more for a client in another language."""
    until = str(int(NOW) + 60)
    texts = [until, "-", ENVELOPE.id, "users.UpdateUser.v1", "/shop", "ada", ENVELOPE.time, ENVELOPE.id, ENVELOPE.id]
    texts += ["", "", "replies:3", "4", "2027-01-01T00:00:00.000000Z"]
    key = hashlib.sha256(API_KEY.encode()).digest()
    digits = hmac.new(key, "\0".join([*texts, ""]).encode() + VALUE, "sha256").hexdigest()
    headers = [
        ("ce_id", ENVELOPE.id.encode()),
        ("ce_type", b"users.UpdateUser.v1"),
        ("ce_source", b"/shop"),
        ("ce_time", ENVELOPE.time.encode()),
        ("ce_replyto", b"replies:3"),
        ("ce_expectedversion", b"4"),
        ("ce_expiresat", b"2027-01-01T01:00:00+01:00"),
        ("ce_identity", f"{'0' * 16} {until} {digits} -".encode()),
    ]
    assert by(service_key(API_KEY)._replace(of=SHOP)).principal(read_command(headers, b"ada"), VALUE) == SHOP


@pytest.mark.parametrize("text", ["", "annals_", API_KEY[:-1], API_KEY.upper(), f"{API_KEY}\n"])
def test_of_no_api_key_is_made(text: str) -> None:
    with pytest.raises(ValueError, match="API key") as refused:
        service_key(text)
    assert "s" * 42 not in str(refused.value).lower()


@pytest.mark.parametrize(
    "principal",
    [Principal("a b"), Principal(""), Principal("é"), Principal("a", frozenset({"b c"})), Principal("a" * 1000)],
    ids=lambda principal: principal.name[:10],
)
def test_that_no_header_can_hold_is_not_made(principal: Principal) -> None:
    with pytest.raises(ValueError, match="principal"):
        by(NEW).signed(principal, ENVELOPE, VALUE)


def test_of_the_longest_principal_is_read() -> None:
    longest = Principal("a" * MAX_IDENTITY_BYTES)
    assert by(NEW).principal(arrived(by(NEW).signed(longest, ENVELOPE, VALUE)), VALUE) == longest


def test_the_secret_is_not_shown() -> None:
    assert repr(NEW) == "IdentityKey('new')"
