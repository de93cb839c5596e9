"""`SagaState.with_facts`: as pydantic's copy with an update."""

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from workers.core.saga import SagaState


class Trip(SagaState):
    """A trip, to one place after the other."""

    places: tuple[str, ...] = ()
    delays: Annotated[int, Field(exclude_if=lambda delays: delays == 0)] = 0

    @property
    def status(self) -> str:
        return f"in {self.places[-1]}" if self.places else "at home"


STATES = (Trip(), Trip(places=("Rome",)), Trip.model_validate_json('{"places": ["Rome"], "delays": 2}'))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("facts", [{}, {"delays": 1}, {"places": ("Turin",), "delays": 0}])
def test_is_what_pydantic_copies(state: Trip, facts: dict[str, Any]) -> None:
    before = state.model_dump_json()
    changed, expected = state.with_facts(**facts), state.model_copy(update=facts)
    assert changed == expected
    assert (repr(changed), changed.model_fields_set) == (repr(expected), expected.model_fields_set)
    assert (changed.model_dump_json(), changed.status) == (expected.model_dump_json(), expected.status)
    assert changed.model_copy() == changed
    assert state.model_dump_json() == before, "the state that it is made of stays as it was"


def test_is_frozen_too() -> None:
    changed = Trip().with_facts(delays=1)
    with pytest.raises(ValidationError):
        changed.delays = 2  # type: ignore[misc]  # it is refused here too
