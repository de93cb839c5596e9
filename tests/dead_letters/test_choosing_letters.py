"""Which letters are meant: filters, states, and each letter once."""

import random
from datetime import timedelta

import pytest

from tests.dead_letters.letters import TIME, original, read_back
from workers.operations.dead_letters.choosing import LetterFilters, SeenLetters, state_after
from workers.operations.dead_letters.letter import letter_of

LETTER = letter_of(read_back(original(headers=[("ce_type", b"users.CreateUser.v1")]), reason="HandlerFailed"))
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "filters",
    [
        LetterFilters(),
        LetterFilters(
            reason="HandlerFailed", type="users.CreateUser.v1", stream_id="ada", since=TIME, until=TIME + SECOND
        ),
        LetterFilters(type="users.CreateUser"),
    ],
)
def test_meets_what_is_asked_for(filters: LetterFilters) -> None:
    assert filters.match(LETTER)


@pytest.mark.parametrize(
    "filters",
    [
        LetterFilters(reason="MalformedJson"),
        LetterFilters(type="users.CreateUser.v2"),
        LetterFilters(type="users.Create"),
        LetterFilters(stream_id="bob"),
        LetterFilters(since=TIME + SECOND),
        LetterFilters(until=TIME),
    ],
)
def test_leaves_out_what_is_not(filters: LetterFilters) -> None:
    assert not filters.match(LETTER)


def test_reads_only_the_end_of_a_type_as_its_version() -> None:
    voucher = letter_of(read_back(original(headers=[("ce_type", b"shop.vouchers.Redeem.v1")])))
    assert LetterFilters(type="shop.vouchers.Redeem").match(voucher)
    assert not LetterFilters(type="shop").match(voucher)


def test_leaves_out_a_letter_without_a_type_when_one_is_asked_for() -> None:
    assert not LetterFilters(type="users.CreateUser").match(letter_of(read_back(original())))


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        ([], "open"),
        (["dlq-retry"], "retried"),
        (["dlq-retry", "dlq-resend"], "retried"),
        (["dlq-retry", "dlq-discard"], "discarded"),
        (["dlq-discard", "dlq-retry"], "retried"),
        (["verify-repair"], "open"),
    ],
)
def test_follows_the_last_action(actions: list[str], state: str) -> None:
    assert state_after(TIME, [(action, TIME + SECOND) for action in actions]) == state


def test_ignores_what_was_done_before_it_was_written() -> None:
    """As about a letter with the same position, in a topic that was deleted and created again since."""
    assert state_after(TIME, [("dlq-discard", TIME - SECOND)]) == "open"
    assert state_after(TIME, [("dlq-discard", TIME - SECOND), ("dlq-retry", TIME)]) == "retried"


def test_chooses_each_letter_once_in_whatever_order_they_come() -> None:
    generator = random.Random(4)
    letters = [
        letter_of(
            read_back(original(topic=topic, offset=generator.randrange(25), value=b"%d" % generator.randrange(2)))
        )
        for topic in ("a", "b")
        for _ in range(200)
    ]
    generator.shuffle(letters)
    seen = SeenLetters()
    chosen = [letter for letter in letters if seen.add(letter)]
    assert [(letter.position, letter.original.value) for letter in chosen] == list(
        dict.fromkeys((letter.position, letter.original.value) for letter in letters)
    )
