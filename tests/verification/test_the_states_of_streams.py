"""What the write side's states say of unique_claims and credentials, and what they cannot say."""

from typing import Any

import pytest

from contracts.catalogue import stored_events
from contracts.message import Event
from contracts.users.events import UserWelcomed
from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADA_WELCOMED, GRACE_CREATED
from tests.lanes.recorded_rows import event_rows
from workers.core.decider import Decider
from workers.domain import contexts
from workers.operations.verification.comparisons.stream_states import StateFold
from workers.ports.event_store import EventRow

USERS = contexts()["users"].decider
ADA, GRACE = ADA_CREATED.stream_id, GRACE_CREATED.stream_id
ADAS, GRACES = ("email", "ada@example.org"), ("email", "grace@example.org")


def folded(*rows: EventRow, decider: Decider[Any] = USERS) -> StateFold:
    fold = StateFold(decider, stored_events())
    for row in rows:
        fold.apply(row)
    return fold


def of(*events: Event) -> StateFold:
    return folded(*event_rows(*events))


def test_give_the_holder_of_each_claim() -> None:
    fold = of(ADA_CREATED, GRACE_CREATED, ADA_WELCOMED)
    assert fold.holds(ADA, *ADAS) is True
    assert fold.holds(ADA, *GRACES) is False
    assert fold.holds("nobody", *ADAS) is False
    assert fold.claimants([GRACE, "nobody", ADA]) == {GRACES: [GRACE], ADAS: [ADA]}
    assert fold.claimants([ADA]) == {ADAS: [ADA]}


def test_give_both_holders_of_the_same_claim() -> None:
    twin = GRACE_CREATED.model_copy(update={"email": ADA_CREATED.email})
    assert of(ADA_CREATED, twin).claimants([ADA, GRACE]) == {ADAS: [ADA, GRACE]}


def test_give_the_streams_that_may_keep_a_password() -> None:
    fold = of(ADA_CREATED, GRACE_CREATED, ADA_DELETED)
    assert fold.may_keep_credential(GRACE) is True
    assert fold.may_keep_credential(ADA) is False
    assert fold.may_keep_credential("nobody") is False


def test_are_those_of_the_decider() -> None:
    fold = of(ADA_CREATED, ADA_WELCOMED)
    assert fold.state(ADA) == USERS.evolve(USERS.evolve(USERS.initial, ADA_CREATED), ADA_WELCOMED)
    assert fold.state("nobody") == USERS.initial


def raising(state: Any, event: Event) -> Any:
    if isinstance(event, UserWelcomed):
        raise ZeroDivisionError("ada@example.org")
    return USERS.evolve(state, event)


ROWS = event_rows(ADA_CREATED, ADA_WELCOMED, ADA_DELETED, GRACE_CREATED)
UNKNOWN = [ROWS[0], ROWS[1]._replace(schema_version=99), ROWS[2], ROWS[3]]


@pytest.mark.parametrize(
    ("rows", "decider", "why"),
    [
        (ROWS, Decider(USERS.initial, USERS.decide, raising, USERS.claims), "ZeroDivisionError in"),
        (UNKNOWN, USERS, "users.UserWelcomed.v99"),
    ],
    ids=["an event at which the code raises", "an event of no known type"],
)
def test_give_nothing_of_a_stream_whose_code_raises(rows: list[EventRow], decider: Decider[Any], why: str) -> None:
    fold = folded(*rows, decider=decider)
    assert list(fold.raised) == [ADA]
    assert fold.raised[ADA].stream_version == 2, "the first event that could not be applied"
    assert why in fold.raised[ADA].explanation
    assert "ada@example.org" not in fold.raised[ADA].explanation
    assert fold.holds(ADA, *ADAS) is None
    assert fold.may_keep_credential(ADA) is None
    assert fold.claimants([ADA, GRACE]) == {GRACES: [GRACE]}
    assert fold.versions.gaps == [], "its versions are looked at all the same"


def test_name_a_version_that_lacks() -> None:
    assert folded(ROWS[0], ROWS[2]).versions.gaps == [f"users {ADA}@3"]
