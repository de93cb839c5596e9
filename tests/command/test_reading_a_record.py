"""Whatever lies in the command topic is a command, a rejection of one, or a dead letter; never an exception."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalogue import catalogue
from contracts.topics import MAX_MESSAGE_BYTES
from contracts.unreadable_batch import BATCH_TOO_LARGE, UnreadableBatch
from contracts.users.commands import CreateUser, UpdateUser
from contracts.users.examples import CREATE_ADA, CREATE_ADA_WITH_PASSWORD, WELCOME_ADA
from tests.command.installation import COMMANDS, TOPICS, record
from tests.command.table import NOW
from workers.command.answering import dead_letter
from workers.command.reading import DeadLetter, Request, read
from workers.core.decider import Rejection
from workers.ports.log import InboundRecord

MODELS = catalogue().commands
SECRET = "s3cr3t"
WHOLE = dict(record(CREATE_ADA, 1).headers)

header_names = st.sampled_from([*WHOLE, "ce_expectedversion", "ce_expiresat", "ce_actor", "traceparent"])
header_values = st.sampled_from([*WHOLE.values(), b"users.UpdateUser.v1", b"1", b"", b"\xff", b"a\x00b"])
wild_headers = st.lists(
    st.tuples(header_names | st.text(max_size=10), header_values | st.binary(max_size=40) | st.none()), max_size=14
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
fields = st.dictionaries(st.sampled_from([*CreateUser.model_fields]) | st.text(max_size=8), anything, max_size=5)
values = (
    st.none()
    | st.binary(max_size=60)
    | (anything | fields).map(lambda drawn: json.dumps(drawn).encode())
    | fields.map(lambda drawn: json.dumps({**CREATE_ADA.model_dump(), **drawn}).encode())
)


def read_users(inbound: InboundRecord) -> Request | DeadLetter:
    return read(inbound, MODELS, "users")


def with_value(value: bytes | None) -> InboundRecord:
    return record(CREATE_ADA, 1)._replace(value=value)


def with_header(name: str, value: bytes) -> InboundRecord:
    return record(CREATE_ADA, 1)._replace(headers=tuple((WHOLE | {name: value}).items()))


def words_of(rejection: Rejection) -> str:
    """All that the sender and the database get to see of a rejection, as JSON."""
    return json.dumps([rejection.code, rejection.message, rejection.details])


def must_be_sound(result: Request | DeadLetter, original: InboundRecord) -> None:
    """What every result must allow: to be answered, stored and sent away."""
    assert result.record is original
    if isinstance(result, DeadLetter):
        topic, partition, message = dead_letter(result, NOW)
        assert (topic, partition) == (TOPICS.dead_letters(COMMANDS), 0)
        assert (message.key, message.value) == (original.key, original.value)
        assert list(message.headers[: len(original.headers)]) == list(original.headers)
        assert result.reason
        assert result.explanation
        return
    assert (result.command is None) == (result.rejection is not None)
    if result.command is not None:
        assert result.command.stream_id == result.envelope.subject
    if result.rejection is not None:
        words = words_of(result.rejection)
        assert "\\u0000" not in words, "what the database cannot store"
        assert len(words) < 100_000
        assert result.rejection.details


@settings(max_examples=150)
@given(wild_headers, st.none() | st.binary(max_size=20) | st.just(b"ada"), values)
def test_of_wild_headers_key_and_value_is_sound(
    headers: list[tuple[str, bytes]], key: bytes | None, value: bytes | None
) -> None:
    original = InboundRecord(COMMANDS, 0, 1, key, value, headers, 0)
    must_be_sound(read_users(original), original)


@settings(max_examples=150)
@given(values)
def test_of_a_good_envelope_and_a_wild_value_is_sound(value: bytes | None) -> None:
    original = with_value(value)
    must_be_sound(read_users(original), original)


secret_values = st.sampled_from(
    [SECRET, [SECRET], {"x": SECRET}, {SECRET: 1}, f"{SECRET}\x00", f"{SECRET}\ud800", SECRET * 50, 4.5]
)
secret_fields = st.dictionaries(st.sampled_from([*CreateUser.model_fields, "extra"]), secret_values, min_size=1)


@settings(max_examples=150)
@given(secret_fields)
def test_of_fields_that_fail_never_repeats_what_was_in_them(drawn: dict[str, Any]) -> None:
    given_fields = {**CREATE_ADA_WITH_PASSWORD.model_dump(), **drawn}
    result = read_users(with_value(json.dumps(given_fields).encode()))
    if isinstance(result, DeadLetter):
        assert SECRET not in result.explanation
    elif result.rejection is not None:
        words = words_of(result.rejection)
        assert SECRET not in words
        assert "argon2id$v=19" not in words


@pytest.mark.parametrize("space", [b"", b" \n\t"])
def test_of_a_command_that_leaves_its_stream_to_the_key_is_the_command(space: bytes) -> None:
    fields = CREATE_ADA.model_dump(exclude={"user_id"}, exclude_unset=True)
    result = read_users(with_value(space + json.dumps(fields).encode() + space))
    assert isinstance(result, Request)
    assert result.command == CREATE_ADA


@pytest.mark.parametrize("value", [b"{}", b" { \n} "])
def test_of_no_fields_at_all_is_the_command_when_it_has_no_other(value: bytes) -> None:
    result = read_users(with_header("ce_type", b"users.WelcomeUser.v1")._replace(value=value))
    assert isinstance(result, Request)
    assert result.command == WELCOME_ADA


def test_of_a_command_without_its_stream_that_is_wrong_besides_says_only_what_is_wrong() -> None:
    result = read_users(with_value(b'{"first_name":"Ada","last_name":7,"email":"ada@example.org"}'))
    assert isinstance(result, Request)
    assert result.rejection is not None
    assert [detail["field"] for detail in result.rejection.details] == ["last_name"]


def test_of_a_key_that_can_name_no_stream_is_a_rejection_though_the_value_leaves_it_out() -> None:
    result = read_users(with_header("ce_type", b"users.WelcomeUser.v1")._replace(value=b"{}", key=b'a "b'))
    assert isinstance(result, Request)
    assert result.rejection is not None
    assert [detail["field"] for detail in result.rejection.details] == ["user_id"]


def padded(size: int) -> bytes:
    """A good command in exactly so many bytes."""
    return CREATE_ADA.to_json()[:-1].ljust(size - 1) + b"}"


def test_of_the_largest_command_that_is_allowed_is_the_command() -> None:
    largest, too_large = padded(MAX_MESSAGE_BYTES), padded(MAX_MESSAGE_BYTES + 1)
    assert (len(largest), len(too_large)) == (MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES + 1)
    result = read_users(with_value(largest))
    assert isinstance(result, Request)
    assert (result.command, result.rejection) == (CREATE_ADA, None)
    refused = read_users(with_value(too_large))
    assert isinstance(refused, Request)
    assert refused.rejection is not None
    assert refused.rejection.code == "ValidationFailed"
    assert (
        refused.rejection.message
        == f"the command has {MAX_MESSAGE_BYTES + 1} bytes; at most {MAX_MESSAGE_BYTES} are allowed"
    )


def test_of_a_good_command_is_the_command() -> None:
    result = read_users(record(CREATE_ADA, 1))
    assert isinstance(result, Request)
    assert result.command == CREATE_ADA
    assert result.envelope.reply_to == "replies:0"


@pytest.mark.parametrize(
    ("original", "reason"),
    [
        (record(CREATE_ADA, 1)._replace(headers=()), "MissingHeader"),
        (record(CREATE_ADA, 1)._replace(key=None), "MissingKey"),
        (with_value(None), "EmptyValue"),
        (with_value(b""), "EmptyValue"),
        (with_value(b"{"), "MalformedJson"),
        (with_value(b"\xff\xfe"), "MalformedJson"),
        (with_value(b"[]"), "MalformedJson"),
        (with_value(b"7"), "MalformedJson"),
        (with_value(b'{"user_id": ' + b"9" * 5000 + b"}"), "MalformedJson"),
        (with_header("ce_type", b"users.Nap.v1"), "UnknownType"),
        (with_header("ce_type", b"a.CreateUser.v1"), "UnknownType"),
        (with_header("ce_id", b"seven"), "MalformedId"),
    ],
)
def test_that_cannot_be_a_command_is_a_dead_letter_with_its_reason(original: InboundRecord, reason: str) -> None:
    result = read_users(original)
    assert isinstance(result, DeadLetter), result
    assert result.reason == reason


def test_of_a_command_of_another_context_is_a_dead_letter() -> None:
    result = read(record(CREATE_ADA, 1), MODELS, "orders")
    assert isinstance(result, DeadLetter)
    assert result.reason == "UnknownType"


@pytest.mark.parametrize(
    ("original", "field"),
    [
        (with_value(b"{}"), "email"),
        (with_value(CREATE_ADA.model_copy(update={"email": "nobody"}).to_json()), "email"),
        (with_value(CREATE_ADA.to_json().replace(b"London", b"\\u0000")), "city"),
        (with_value(CREATE_ADA.to_json()[:-1] + b', "admin": true}'), "admin"),
        (with_value(CREATE_ADA.to_json()[:-1] + b', "a\\u0000b": true}'), "a�b"),
        (record(CREATE_ADA, 1)._replace(key=b"somebody-else"), "user_id"),
        (with_value(b'{"city": "' + b"x" * MAX_MESSAGE_BYTES + b'"}'), ""),
        (with_value(b'{"city": "\\ud800"}'), ""),
        (with_value(b'{"city": ' + b"[" * 500 + b"]" * 500 + b"}"), ""),
    ],
    ids=["missing", "malformed", "control", "extra", "odd name", "other key", "large", "surrogate", "deep"],
)
def test_of_a_command_that_cannot_be_accepted_is_a_rejection_by_field(original: InboundRecord, field: str) -> None:
    result = read_users(original)
    assert isinstance(result, Request), result
    assert result.rejection is not None
    assert result.rejection.code == "ValidationFailed"
    assert field in [detail["field"] for detail in result.rejection.details]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_in_another_encoding_than_utf_8_is_a_dead_letter(encoding: str) -> None:
    result = read_users(with_value(CREATE_ADA.to_json().decode().encode(encoding)))
    assert isinstance(result, DeadLetter), result
    assert result.reason == "MalformedJson"


def test_of_many_wrong_fields_is_a_rejection_of_bounded_size() -> None:
    many = json.dumps({f"field {number} {'x' * 500}": 1 for number in range(500)}).encode()
    original = record(UpdateUser(user_id="ada"), 1)._replace(value=many)
    result = read_users(original)
    assert isinstance(result, Request)
    assert result.rejection is not None
    assert len(result.rejection.details) <= 50
    assert len(words_of(result.rejection)) < 60_000


def test_a_batch_that_cannot_be_read_is_a_dead_letter_with_its_reason() -> None:
    batch = UnreadableBatch(BATCH_TOO_LARGE, 3, "the batch at the offsets 3 to 7 unpacks to too much")
    stands_for_it = InboundRecord("users.commands", 2, 7, None, b"packed", (), 0, unreadable=batch)
    letter = read_users(stands_for_it)
    assert letter == DeadLetter(stands_for_it, BATCH_TOO_LARGE, batch.explanation)
