"""CloudEvents headers, there and back."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import CommandEnvelope, EventEnvelope, MalformedMessage, read_command, read_event

ID = "0198c0de-ada0-7000-8000-00000000c0de"
WHOLE = {"ce_id": ID.encode(), "ce_type": b"users.CreateUser.v1"}

PLAIN = CommandEnvelope(ID, "users.CreateUser.v1", "s", "ada", "t", "c", "d", None, "a", "replies:0").to_headers()
EVERY_COMMAND_HEADER = CommandEnvelope(
    ID, "users.CreateUser.v1", "s", "ada", "t", "c", "c", "p", "a", "replies:0", "1 2 3 ada", 0, datetime.now(UTC)
).to_headers()
EVERY_EVENT_HEADER = EventEnvelope(ID, "users.UserCreated.v1", "s", "ada", "t", "c", "c", 1, 1, "p", "a").to_headers()

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)
ids = st.uuids().map(str)
types = st.from_regex(r"\A[a-z][a-z0-9_]{0,9}\.[A-Z][A-Za-z0-9]{0,9}\.v[1-9][0-9]{0,3}\Z")
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))])).filter(
    lambda moment: 1 < moment.year < 9999
)
known_headers = st.sampled_from([name for name, _ in (*EVERY_COMMAND_HEADER, *EVERY_EVENT_HEADER)])
plausible_values = st.sampled_from(
    [
        *WHOLE.values(),
        b"users." + 1100 * b"A" + b".v1",
        b"1.0",
        b"1",
        b"2026-01-01T00:00:00Z",
        b"0001-01-01T00:00:00+23:59",
    ]
)
wild_headers = st.lists(
    st.tuples(known_headers | st.text(max_size=20), st.binary(max_size=60) | plausible_values | st.none()), max_size=16
)

commands = st.builds(
    CommandEnvelope,
    id=ids,
    type=types,
    source=texts,
    subject=texts,
    time=texts,
    correlation_id=texts,
    causation_id=texts,
    traceparent=st.none() | texts,
    actor=st.none() | texts,
    reply_to=st.none() | texts,
    identity=st.none() | texts,
    expected_version=st.none() | st.integers(0, 10**18 - 1),
    expires_at=st.none() | moments,
)
events = st.builds(
    EventEnvelope,
    id=ids,
    type=types,
    source=texts,
    subject=texts,
    time=texts,
    correlation_id=texts,
    causation_id=texts,
    stream_version=st.integers(1, 10**18),
    sequence=st.integers(1, 10**18),
    traceparent=st.none() | texts,
    actor=st.none() | texts,
)


@given(commands)
def test_of_a_command_comes_back_as_it_was(envelope: CommandEnvelope) -> None:
    assert read_command(envelope.to_headers(), envelope.subject.encode()) == envelope


@given(events)
def test_of_an_event_comes_back_as_it_was(envelope: EventEnvelope) -> None:
    assert read_event(envelope.to_headers(), envelope.subject.encode()) == envelope


@given(wild_headers, st.none() | st.binary(max_size=40))
def test_of_wild_bytes_is_malformed_and_nothing_worse(headers: list[tuple[str, bytes]], key: bytes | None) -> None:
    with suppress(MalformedMessage):
        envelope = read_command(headers, key)
        assert str(UUID(envelope.id)) == envelope.id
        assert read_command(envelope.to_headers(), key) == envelope
    with suppress(MalformedMessage):
        read_event(headers, key)


@given(wild_headers)
def test_of_a_command_with_whatever_else_is_around_is_read_or_malformed(headers: list[tuple[str, bytes]]) -> None:
    with suppress(MalformedMessage):
        assert read_command([*headers, *WHOLE.items()], b"ada").id == ID


@given(commands, st.data())
def test_of_a_command_is_the_same_in_any_order(envelope: CommandEnvelope, data: st.DataObject) -> None:
    """The order in which our own clients write the headers is read in another way than any other."""
    headers = envelope.to_headers()
    assert read_command(data.draw(st.permutations(headers)), envelope.subject.encode()) == envelope
    assert read_command(tuple(headers), envelope.subject.encode()) == envelope


@given(st.data(), known_headers, st.binary(max_size=40) | plausible_values | st.none())
def test_of_a_command_with_one_wild_value_is_the_same_in_any_order(
    data: st.DataObject, name: str, value: bytes | None
) -> None:
    headers: list[tuple[str, bytes]] = [(header, value if header == name else kept) for header, kept in PLAIN]  # type: ignore[misc]  # as on the wire
    assert outcome_of(headers) == outcome_of(data.draw(st.permutations(headers)))
    twice: list[tuple[str, bytes]] = [*PLAIN, (name, value)]  # type: ignore[list-item]  # as on the wire
    assert outcome_of(twice) == outcome_of([*reversed(PLAIN), twice[-1]])


@pytest.mark.parametrize("name", [name for name, _ in PLAIN])
@pytest.mark.parametrize("value", [b"a\0b", b"\0", b"a\nb", b"\x7f", b"\xc3\xa9", b"\xff", b""], ids=repr)
def test_of_a_command_with_a_text_that_is_unusual_is_the_same_in_any_order(name: str, value: bytes) -> None:
    """A NUL above all, as those that are read fast are joined by it."""
    headers = [(header, value if header == name else kept) for header, kept in PLAIN]
    assert outcome_of(headers) == outcome_of(headers[::-1])


@pytest.mark.parametrize("key", [b"a\0b", b"\0", b"a\nb", b"\xc3\xa9", b"\xff", b"a" * 1025, b"", None], ids=repr)
def test_of_a_command_with_a_key_that_is_unusual_is_the_same_in_any_order(key: bytes | None) -> None:
    assert outcome_of(PLAIN, key) == outcome_of(PLAIN[::-1], key)


def outcome_of(headers: list[tuple[str, bytes]], key: bytes | None = b"ada") -> object:
    """The envelope, or the reason why there is none."""
    try:
        return read_command(headers, key)
    except MalformedMessage as error:
        return error.reason, error.explanation


def test_of_a_command_needs_an_id_a_type_and_a_key_and_makes_up_the_rest() -> None:
    envelope = read_command(list(WHOLE.items()), b"ada")
    assert envelope == CommandEnvelope(ID, "users.CreateUser.v1", "", "ada", "", ID, ID)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ce_id": b""}, "MissingHeader"),
        ({"ce_id": b"seven"}, "MalformedId"),
        ({"ce_type": b""}, "MissingHeader"),
        ({"ce_type": b"CreateUser"}, "MalformedType"),
        ({"ce_type": b"users.CreateUser.v0"}, "MalformedType"),
        ({"ce_specversion": b"0.3"}, "UnknownSpecVersion"),
        ({"ce_expectedversion": b"-1"}, "MalformedHeader"),
        ({"ce_expiresat": b"tomorrow"}, "MalformedHeader"),
        ({"ce_expiresat": b"2026-01-01T00:00:00"}, "MalformedHeader"),
        ({"ce_expiresat": b"0001-01-01T00:00:00+23:59"}, "MalformedHeader"),
        ({"ce_actor": b"\xff"}, "MalformedHeader"),
        ({"ce_actor": b"a\nb"}, "MalformedHeader"),
        ({"ce_actor": b"x" * 1025}, "MalformedHeader"),
    ],
)
def test_of_a_command_names_what_is_wrong(change: dict[str, bytes], reason: str) -> None:
    with pytest.raises(MalformedMessage) as malformed:
        read_command(list((WHOLE | change).items()), b"ada")
    assert malformed.value.reason == reason


@pytest.mark.parametrize("value", [b"x", b"", None])
def test_of_a_command_with_a_name_that_is_no_text_says_which(value: bytes | None) -> None:
    name = b"caf\xe9\xff".decode(errors="surrogateescape")
    with pytest.raises(MalformedMessage) as malformed:
        read_command([*WHOLE.items(), (name, value)], b"ada")  # type: ignore[list-item]  # as on the wire
    assert malformed.value.reason == "MalformedHeader"
    assert r"caf\xe9\xff" in malformed.value.explanation


def test_of_a_command_may_have_names_in_any_script() -> None:
    assert read_command([*WHOLE.items(), ("Größe", b"x"), ("𝕏", b"x")], b"ada").id == ID


@pytest.mark.parametrize("key", [None, b""])
def test_of_a_command_without_a_key_is_malformed(key: bytes | None) -> None:
    with pytest.raises(MalformedMessage) as malformed:
        read_command(list(WHOLE.items()), key)
    assert malformed.value.reason == "MissingKey"


def test_of_a_command_has_its_id_in_canonical_form() -> None:
    loud = WHOLE | {"ce_id": ID.upper().encode()}
    assert read_command(list(loud.items()), b"ada").id == ID
