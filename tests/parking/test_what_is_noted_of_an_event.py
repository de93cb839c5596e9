"""What is stored of an event at which the code raises: the event, its attempts, and where the code raised."""

import pytest

from contracts.users.events import UserWelcomed
from workers import parking
from workers.core.recorded import Recorded
from workers.parking import described, parked_by, tried_again, within_bounds
from workers.ports.parked import ParkedStream, TooManyParked

EVENT = Recorded(UserWelcomed(user_id="ada"), "e-1", "ada", 3, 17, "2026-05-04T12:00:00Z", "c")
PARKED = parked_by("users", EVENT, KeyError("ada@example.org"))


def test_is_its_place_and_the_kind_of_the_failure() -> None:
    parked = parked_by("users", EVENT, KeyError("ada@example.org"))
    assert parked == ParkedStream(
        "users", "ada", 3, 17, "users.UserWelcomed.v1", "KeyError", parking.ATTEMPTS, "2026-05-04T12:00:00Z"
    )
    assert parked_by("users", EVENT, KeyError(), attempts=1).attempts == 1


def test_is_where_the_code_raised_and_nothing_of_what_it_said() -> None:
    def broken() -> None:
        raise ZeroDivisionError("ada@example.org")

    line = broken.__code__.co_firstlineno + 1
    with pytest.raises(ZeroDivisionError) as caught:
        broken()
    assert described(caught.value) == (
        f"ZeroDivisionError in broken, tests/parking/test_what_is_noted_of_an_event.py:{line}"
    )


def test_is_where_the_code_raised_however_paths_are_written() -> None:
    code = compile("1 / 0", r"C:\annals\workers\domain\users\card.py", "exec")
    with pytest.raises(ZeroDivisionError) as caught:
        exec(code)  # noqa: S102 - code with the name of such a file is not to be had otherwise
    assert described(caught.value) == "ZeroDivisionError in <module>, domain/users/card.py:1"


def test_is_how_often_the_same_event_was_tried_in_all() -> None:
    (again,) = tried_again(PARKED._replace(attempts=4), [PARKED._replace(attempts=3)])
    assert again == PARKED._replace(attempts=7)


def test_is_how_often_the_next_event_was_tried_when_the_first_has_passed() -> None:
    following = PARKED._replace(stream_version=4, attempts=3)
    assert tried_again(PARKED, [following]) == [following]


def test_is_rejected_when_too_many_streams_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parking, "MAX_PARKED_STREAMS", 3)
    within_bounds("users", {"bob": PARKED, "carl": PARKED}, [PARKED])
    with pytest.raises(TooManyParked, match=r"users.*3"):
        within_bounds("users", {"bob": PARKED, "carl": PARKED}, [PARKED, PARKED])
