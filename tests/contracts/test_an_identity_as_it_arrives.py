"""A reader joins the headers of a command that stand in the usual order, and its proof is looked at by these texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import CommandEnvelope, read_joined
from contracts.identity import IdentityRefused
from contracts.principal import Principal
from contracts.usual_headers import usual_fields
from tests.contracts.identities import ADA, CHANGES, ENVELOPE, NEW, NOW, VALUE, by, envelopes, principals


@given(principals, envelopes, st.binary(max_size=50))
def test_is_recognized_by_what_the_reader_has_joined(
    principal: Principal, envelope: CommandEnvelope, value: bytes
) -> None:
    signed, identities = by(NEW).signed(principal, envelope, value), by(NEW)
    received, joined = read_joined(signed.to_headers(), signed.subject.encode())
    assert (joined is None) == (envelope.expected_version is not None or envelope.expires_at is not None)
    assert identities.principal_at(identities.now(), received, value, joined) == principal


@given(principals, envelopes, st.binary(max_size=20), envelopes, st.binary(max_size=20))
def test_proves_nothing_of_another_by_what_the_reader_has_joined(
    principal: Principal,
    envelope: CommandEnvelope,
    value: bytes,
    other: CommandEnvelope,
    other_value: bytes,
) -> None:
    signed, identities = by(NEW).signed(principal, envelope, value), by(NEW)
    stolen = other._replace(identity=signed.identity)
    received, joined = read_joined(stolen.to_headers(), stolen.subject.encode())
    if (received, other_value) != (signed, value):
        with pytest.raises(IdentityRefused, match="changed after it was signed"):
            identities.principal_at(identities.now(), received, other_value, joined)


@pytest.mark.parametrize("change", [{}, *CHANGES], ids=str)
def test_covers_each_header_as_it_arrives(change: dict[str, Any]) -> None:
    usual = ENVELOPE._replace(expected_version=None, expires_at=None)
    signed = by(NEW).signed(ADA, usual, VALUE)
    changed = signed._replace(**change)
    received, joined = read_joined(changed.to_headers(), changed.subject.encode())
    if changed == signed:
        assert joined is not None
        assert by(NEW).principal_at(int(NOW), received, VALUE, joined) == ADA
    else:
        with pytest.raises(IdentityRefused, match="changed after it was signed"):
            by(NEW).principal_at(int(NOW), received, VALUE, joined)


def test_stands_among_the_headers_that_are_read_fast() -> None:
    signed = by(NEW).signed(ADA, ENVELOPE._replace(expected_version=None, expires_at=None), VALUE)
    usual = usual_fields(signed.to_headers(), signed.subject.encode())
    assert usual is not None
    assert usual[0] == signed
