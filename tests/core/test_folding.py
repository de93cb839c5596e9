"""A fold: the state that events lead to."""

from dataclasses import dataclass
from typing import Any

import pytest

from contracts.users.examples import ADA_CREATED, ADA_WELCOMED, ADAS_EMAIL_CHANGED, GRACE_CREATED
from workers.core.folding import fold, fold_onto, fold_streams
from workers.domain import contexts
from workers.testing.scenarios import recorded

USERS = contexts()["users"]
(CARD,) = USERS.projections
(WELCOME,) = USERS.sagas


@dataclass(frozen=True)
class Concatenated:
    """Says in which order it has got what."""

    initial: str = "-"

    def evolve(self, state: str, event: str) -> str:
        return state + event


def test_of_no_events_is_the_initial_state() -> None:
    assert fold(Concatenated(), []) == "-"
    assert fold(USERS.decider, []) == USERS.decider.initial
    assert fold(CARD, []) is None


def test_applies_each_event_once_in_order() -> None:
    assert fold(Concatenated(), iter("abc")) == "-abc"


def test_goes_on_from_a_state() -> None:
    assert fold_onto(Concatenated(), "-ab", "cd") == fold(Concatenated(), "abcd")


def test_of_several_streams_keeps_them_apart() -> None:
    events = [("ada", "a"), ("bob", "x"), ("ada", "b"), ("bob", "y"), ("eve", "1")]
    assert fold_streams(Concatenated(), events) == {"ada": "-ab", "bob": "-xy", "eve": "-1"}
    assert fold_streams(Concatenated(), []) == {}


def test_is_one_for_deciders_projections_and_sagas() -> None:
    history = [ADA_CREATED, ADAS_EMAIL_CHANGED, ADA_WELCOMED]
    assert fold(USERS.decider, history).welcomed
    card = fold(CARD, recorded(*history))
    assert card is not None
    assert (card["email"], card["version"]) == (ADAS_EMAIL_CHANGED.email, 3)
    assert fold(WELCOME, recorded(ADA_CREATED, ADA_WELCOMED)).status == "welcomed"
    streams = [*history, GRACE_CREATED]
    states = fold_streams(USERS.decider, [(event.stream_id, event) for event in streams])
    assert states.keys() == {ADA_CREATED.user_id, GRACE_CREATED.user_id}


def test_lets_through_what_evolve_raises() -> None:
    unreadable: list[Any] = ["a", 1]
    with pytest.raises(TypeError):
        fold(Concatenated(), unreadable)
