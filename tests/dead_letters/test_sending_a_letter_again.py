"""Under which id a dead letter's command goes out again, and as which record."""

from uuid import UUID, uuid5

import pytest

from contracts.envelope import read_command
from contracts.identity import KEY_BYTES, LIFETIME_SECONDS, Identities, IdentityKey
from contracts.principal import Principal
from contracts.users.examples import CREATE_ADA
from tests.command.installation import command_id, record
from tests.dead_letters.letters import read_back
from workers.operations.dead_letters.letter import letter_of
from workers.operations.dead_letters.resending import Attempt, Handled, next_attempt, record_again
from workers.ports.log import InboundRecord

ROOT = command_id(1)
ADA = Principal("ada", frozenset({"users.write"}))
KEY = IdentityKey("1", b"k" * KEY_BYTES)


def attempt(number: int) -> str:
    return str(uuid5(UUID(ROOT), f"retry/{number}"))


def test_is_under_its_own_id_while_it_has_no_outcome() -> None:
    assert next_attempt(ROOT, [], {}) == Attempt(ROOT, 1, ROOT)


def test_is_under_a_new_id_once_it_has_failed() -> None:
    assert next_attempt(ROOT, [], {ROOT: "failed"}) == Attempt(ROOT, 1, attempt(1))


def test_is_under_the_same_id_while_the_last_attempt_has_no_outcome() -> None:
    assert next_attempt(ROOT, [attempt(1)], {}) == Attempt(ROOT, 1, attempt(1))


def test_is_under_the_next_id_once_the_last_attempt_has_failed_too() -> None:
    assert next_attempt(ROOT, [attempt(1)], {attempt(1): "failed"}) == Attempt(ROOT, 2, attempt(2))
    assert next_attempt(ROOT, [ROOT], {ROOT: "failed"}) == Attempt(ROOT, 2, attempt(2))


def test_is_not_done_when_an_attempt_was_answered() -> None:
    assert next_attempt(ROOT, [], {ROOT: "accepted"}) == Handled(ROOT, "accepted")
    assert next_attempt(ROOT, [attempt(1)], {attempt(1): "rejected"}) == Handled(attempt(1), "rejected")


def test_is_the_original_to_the_byte_under_its_own_id() -> None:
    original = record(CREATE_ADA, 1)
    letter, envelope = letter_of(read_back(original)), read_command(original.headers, original.key)
    again = record_again(letter, envelope, Attempt(ROOT, 1, ROOT))
    assert again == (original.key, original.value, list(original.headers))
    assert record_again(letter, None, None) == again


def test_is_a_new_command_caused_by_the_first_with_all_else_as_it_was() -> None:
    original = record(CREATE_ADA, 1)
    letter, envelope = letter_of(read_back(original)), read_command(original.headers, original.key)
    again = record_again(letter, envelope, Attempt(ROOT, 1, attempt(1)))
    assert (again.key, again.value) == (original.key, original.value)
    assert read_command(again.headers, again.key) == envelope._replace(id=attempt(1), causation_id=ROOT)


def test_keeps_the_correlation_of_a_command_that_was_its_own() -> None:
    original = record(CREATE_ADA, 1)
    bare = original._replace(headers=[header for header in original.headers if header[0] in ("ce_id", "ce_type")])
    envelope = read_command(bare.headers, bare.key)
    again = record_again(letter_of(read_back(bare)), envelope, Attempt(ROOT, 1, attempt(1)))
    assert read_command(again.headers, again.key).correlation_id == ROOT


def signed_by(principal: Principal, key: IdentityKey, at: float) -> InboundRecord:
    original = record(CREATE_ADA, 1)
    envelope = read_command(original.headers, original.key)
    signed = Identities([key], clock=lambda: at).signed(principal, envelope, original.value or b"")
    return original._replace(headers=signed.to_headers())


@pytest.mark.parametrize("number", [0, 1], ids=["under its own id", "as a new command"])
def test_keeps_the_identity_of_whoever_sent_it_even_one_that_has_expired(number: int) -> None:
    original, late = signed_by(ADA, KEY, 0.0), Identities([KEY], clock=lambda: 10.0 * LIFETIME_SECONDS)
    letter, envelope = letter_of(read_back(original)), read_command(original.headers, original.key)
    again = record_again(letter, envelope, Attempt(ROOT, 1, attempt(1) if number else ROOT), late)
    sent = read_command(again.headers, again.key)
    assert late.principal(sent, again.value or b"") == ADA
    assert [name for name, _ in again.headers].count("ce_identity") == 1


def test_gives_no_identity_to_what_had_none_or_one_that_proves_nothing() -> None:
    identities = Identities([KEY])
    forged = signed_by(ADA, IdentityKey("1", b"f" * KEY_BYTES), 0.0)
    for original in (record(CREATE_ADA, 1), forged, signed_by(ADA, KEY, 0.0)._replace(value=b"{}")):
        letter, envelope = letter_of(read_back(original)), read_command(original.headers, original.key)
        again = record_again(letter, envelope, Attempt(ROOT, 1, ROOT), identities)
        assert again.headers == list(original.headers)
