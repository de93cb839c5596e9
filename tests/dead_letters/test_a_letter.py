"""A dead letter is parsed: what the worker wrote is read back, and no other record counts as a dead letter."""

import pytest

from tests.dead_letters.letters import TIME, original, read_back
from workers.operations.dead_letters.letter import (
    InvalidRecordPosition,
    NotALetter,
    RecordPosition,
    letter_of,
    printable,
    printable_headers,
)
from workers.ports.log import InboundRecord


def test_gives_the_original_back_as_it_stood() -> None:
    record = original(value=b"\xff{", headers=[("ce_id", b"1"), ("dlq_reason", b"the sender's own"), ("x", b"\xff")])
    letter = letter_of(read_back(record, reason="MalformedJson"))
    assert letter.original == record
    assert (letter.position, letter.reason, letter.error, letter.time) == (
        RecordPosition("users.commands", 3, 7),
        "MalformedJson",
        "what is wrong",
        TIME,
    )


def test_of_a_record_without_key_value_and_headers_is_one_too() -> None:
    record = original(key=None, value=None)
    letter = letter_of(read_back(record))
    assert letter.original == record
    assert (letter.type, letter.command_id, letter.stream_id) == (None, None, None)


def test_gives_type_id_and_stream_so_that_a_terminal_can_show_them() -> None:
    headers = [("ce_type", b"users.CreateUser.v1"), ("ce_id", b"\x1b[31m\xff")]
    letter = letter_of(read_back(original(key=b"a\ndb", headers=headers)))
    assert (letter.type, letter.command_id, letter.stream_id) == ("users.CreateUser.v1", r"\x1b[31m\xff", r"a\ndb")


@pytest.mark.parametrize(
    "strange",
    [
        original(topic="users.commands.dlq", headers=[("ce_id", b"1")]),
        read_back(original())._replace(topic="orders.commands.dlq"),
        read_back(original())._replace(headers=[*read_back(original()).headers, ("later", b"1")]),
        read_back(original(offset=-1)),
    ],
    ids=["without our headers", "from another topic", "with a header behind ours", "with an offset that is none"],
)
def test_is_not_what_another_wrote(strange: object) -> None:
    with pytest.raises(NotALetter) as caught:
        letter_of(strange)  # type: ignore[arg-type]  # parametrize hides the type
    assert caught.value.explanation in str(caught.value)


def with_headers(**headers: bytes | None) -> InboundRecord:
    """A letter whose own headers hold other values."""
    record = read_back(original())
    return record._replace(headers=[(name, headers.get(name, value)) for name, value in record.headers])  # type: ignore[misc]


def test_gives_the_reason_as_far_as_it_can_be_read() -> None:
    letter = letter_of(with_headers(dlq_reason=b"\xffBroken", dlq_error=None))
    assert (letter.reason, letter.error) == ("\ufffdBroken", "")


def test_whose_time_has_no_zone_is_none() -> None:
    with pytest.raises(NotALetter, match=r"users.commands.dlq/0/0 .* time zone") as caught:
        letter_of(with_headers(dlq_time=b"2026-01-01T12:00:00"))
    assert "time zone" in caught.value.explanation


@pytest.mark.parametrize(
    "text",
    ["", "users.commands", "users.commands/1", "a/b/c", "/1/2", "a/1/2/3", "a/-1/2", "a/²/1", "a/0/1" + "0" * 18],
)
def test_is_not_found_by_what_is_no_id(text: str) -> None:
    with pytest.raises(InvalidRecordPosition) as caught:
        RecordPosition.parse(text)
    assert caught.value.text == text


def test_is_found_by_its_id() -> None:
    place = RecordPosition("t1.users.commands", 3, 1234)
    assert RecordPosition.parse(str(place)) == place
    assert RecordPosition.parse("a/0/" + "9" * 18).offset == 10**18 - 1


def test_shows_no_control_character() -> None:
    assert printable("a\x1b\u202eb\u2028é".encode()) == r"a\x1b\u202eb\u2028é"


def test_shows_a_header_without_a_name_and_one_without_a_value() -> None:
    assert printable_headers(original(headers=[("", b"x"), ("y", None)])) == [("", "x"), ("y", None)]  # type: ignore[list-item]  # Kafka has such


def test_shows_a_header_whose_name_a_terminal_cannot() -> None:
    assert printable_headers(original(headers=[("a\x1b", b"\x07")])) == [(r"a\x1b", r"\x07")]
