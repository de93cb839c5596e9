"""The state of a saga may change only so that the instances of earlier releases go on: each kind of change by name, and
what holds of any change that passes.
"""

import json
import os
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.compatibility.publication import Publication
from contracts.compatibility.rules import saga_state_breaks
from contracts.compatibility.saga_states import DeclaredState, broken_states
from tests.contracts.compatibility.changes import changed_parts
from tests.contracts.compatibility.shapes import Nullable, Part, fields, parts_of_a_message, records
from workers.core.saga import SagaState

EXAMPLES = int(os.environ.get("ANNALS_TEST_SCHEMA_CHANGES", "100"))
SEARCH = settings(max_examples=1000, phases=[Phase.generate])
REQUIRED = object()
"""The default of a fact that has none."""


class Line(NamedTuple):
    sku: str
    quantity: int


class LongerLine(NamedTuple):
    sku: str
    quantity: int
    price: int = 0


class DearerLine(NamedTuple):
    sku: str
    quantity: int
    price: int = 1


class PricedLine(NamedTuple):
    sku: str
    quantity: int
    price: int


class Address(BaseModel):
    city: str = ""
    street: str = ""


class ShorterAddress(BaseModel):
    city: str = ""


class OpenAddress(BaseModel):
    model_config = ConfigDict(extra="allow")

    city: str = ""


def state(**facts: tuple[Any, Any]) -> type[SagaState]:
    """A state with these facts: of each the type and the default."""
    annotations = {name: annotation for name, (annotation, _) in facts.items()}
    defaults = {name: default for name, (_, default) in facts.items() if default is not REQUIRED}
    return type("Drawn", (SagaState,), {"__annotations__": annotations, "__module__": __name__, **defaults})


COUNT, NOTE = (int, 0), (str, "")

CHANGES: dict[str, tuple[type[SagaState], type[SagaState], str]] = {
    "a fact with a default is added": (state(a=COUNT), state(a=COUNT, b=NOTE), ""),
    "a fact without a default is added": (
        state(a=COUNT),
        state(a=COUNT, b=(str, REQUIRED)),
        "field `b` is required now, stored states lack it",
    ),
    "a fact is removed": (state(a=COUNT, b=NOTE), state(a=COUNT), ""),
    "a fact has another name": (
        state(a=COUNT),
        state(b=COUNT),
        "field `a` is gone now and `b` takes the same values: if that is its new name, stored states have the old one",
    ),
    "a record has another name": (state(a=(Line | None, None)), state(b=(Line | None, None)), "`b` takes the same"),
    "a fact is removed and an unlike one added": (state(a=COUNT), state(b=NOTE), ""),
    "a fact loses its default": (state(a=COUNT), state(a=(int, REQUIRED)), "required now, stored states may lack it"),
    "a fact gets a default": (state(a=(int, REQUIRED)), state(a=COUNT), ""),
    "the default of a fact changes": (state(a=COUNT), state(a=(int, 1)), "left out, it is 1 now, and 0 when stored"),
    "a fact of another type": (state(a=COUNT), state(a=NOTE), "field `a` is string now, stored states may have int"),
    "a fact that may be null": (state(a=COUNT), state(a=(int | None, 0)), ""),
    "a fact that may not be null any more": (state(a=(int | None, 0)), state(a=COUNT), "states may have null"),
    "a value less": (
        state(a=(Literal["asked", "reserved"], "asked")),
        state(a=(Literal["asked"], "asked")),
        '`enum` is ["asked"] now, stored states may have ["reserved"]',
    ),
    "a value more": (
        state(a=(Literal["asked"], "asked")),
        state(a=(Literal["asked", "reserved"], "asked")),
        "",
    ),
    "a tuple that ends earlier": (state(a=(tuple[int, int], (0, 0))), state(a=(tuple[int], (0,))), "`maxItems` is 1"),
    "a longer record": (state(a=(tuple[Line, ...], ())), state(a=(tuple[LongerLine, ...], ())), ""),
    "a record with another default at its end": (
        state(a=(LongerLine | None, None)),
        state(a=(DearerLine | None, None)),
        "field `a[2]`: left out, it is 1 now, and 0 when stored states left it out",
    ),
    "a record with a field without a default": (
        state(a=(tuple[Line, ...], ())),
        state(a=(tuple[PricedLine, ...], ())),
        "field `a[]`: `minItems` is 3 now, stored states may have 2",
    ),
    "a field of a part, which would be forgotten": (
        state(a=(Address, Address())),
        state(a=(ShorterAddress, ShorterAddress())),
        "field `a.street` is gone now, stored states carry it",
    ),
    "a field of a part that keeps what it does not know": (
        state(a=(Address, None)),
        state(a=(OpenAddress, None)),
        "",
    ),
    "a field with a default in such a part": (state(a=(OpenAddress, None)), state(a=(Address, None)), ""),
}


@pytest.mark.parametrize(("before", "now", "reason"), CHANGES.values(), ids=CHANGES.keys())
def test_a_state_changes_only_so_that_what_is_stored_is_read(
    before: type[SagaState], now: type[SagaState], reason: str
) -> None:
    reasons = saga_state_breaks(before.model_json_schema(), now.model_json_schema())
    assert reason in "; ".join(reasons)
    assert bool(reason) == bool(reasons), reasons
    assert saga_state_breaks(now.model_json_schema(), now.model_json_schema()) == []


def published(*names: str) -> Publication:
    return Publication(states=dict.fromkeys(names, state(asked=COUNT).model_json_schema()))


def test_what_does_not_fit_is_told_with_what_to_write() -> None:
    now = DeclaredState("shop.parcels.State", state(requested=COUNT, city=(str, REQUIRED)).model_json_schema())
    (state_break,) = broken_states(published("shop.sagas.parcel"), published(), {"shop.sagas.parcel": now})
    assert str(state_break).startswith("shop.sagas.parcel: field `city` is required now, stored states lack it.\n")
    assert state_break.advice == (
        "The state has no version: instances that are under way go on from what is stored. So facts keep their names "
        "and take what they took, and added ones have a default, in shop.parcels.State:\n\n"
        "    asked: …  # as it was, also if nothing reads it any more\n"
        "    city: … = …  # what it means for an instance that has not recorded it\n"
        "    …  # the other facts as they were; what is new beside them, with a name and a default of its own\n\n"
        "Then run `annals docs schemas`."
    )


def test_a_saga_that_is_gone_leaves_its_instances_behind() -> None:
    before = published("shop.sagas.big parcel")
    (state_break,) = broken_states(before, before, {})
    assert "its instances are stored, and no saga of this name is declared any more" in str(state_break)
    assert "as Saga(name='big parcel', …)" in state_break.advice
    assert 'annals sagas list --open --saga "big parcel"' in state_break.advice
    assert broken_states(before, published(), {}) == [], "its file is gone too: so it was meant"


def test_a_saga_that_is_new_breaks_nobody() -> None:
    now = DeclaredState("shop.parcels.State", state(a=(int, REQUIRED)).model_json_schema())
    assert broken_states(published(), published(), {"shop.sagas.parcel": now}) == []


def drawn(parts: tuple[Part, ...]) -> type[SagaState]:
    return state(**{name: (kind, REQUIRED if default is ... else default) for name, (kind, default) in _of(parts)})


def _of(parts: tuple[Part, ...]) -> list[tuple[str, Any]]:
    """The facts; those that are None by default may be None, else no state could be read back."""
    nullable = (replace(part, shape=Nullable(part.shape)) if part.default is None else part for part in parts)
    return list(fields(tuple(nullable)).items())


def stored(data: st.DataObject, model: type[SagaState], parts: tuple[Part, ...]) -> bytes:
    """An instance of the model as it is stored: whole, and so that its own release reads it."""
    written = model.model_validate_json(json.dumps(data.draw(records(parts)))).model_dump_json(warnings=False).encode()
    assume(is_read(written, model))
    return written


def is_read(written: bytes, model: type[SagaState]) -> bool:
    try:
        model.model_validate_json(written)
    except ValidationError:
        return False
    return True


@st.composite
def pairs(draw: Any) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Facts before and after a change."""
    before = draw(parts_of_a_message)
    after = draw(changed_parts(before))
    return before, draw(changed_parts(after)) if draw(st.integers(0, 4)) == 0 else after


@settings(max_examples=EXAMPLES)
@given(pair=pairs(), data=st.data())
def test_whatever_passes_reads_every_stored_state_and_keeps_its_facts(pair: Any, data: st.DataObject) -> None:
    before, now = map(drawn, pair)
    assume(not saga_state_breaks(before.model_json_schema(), now.model_json_schema()))
    for _ in range(3):
        written = stored(data, before, pair[0])
        written_back = now.model_validate_json(written).model_dump(mode="json", warnings=False)
        assert json.loads(written).keys() <= written_back.keys()


def test_some_of_the_drawn_changes_pass() -> None:
    """The control: the law above is about something."""

    def passes(pair: Any) -> bool:
        before, now = (drawn(parts).model_json_schema() for parts in pair)
        return bool(pair[0]) and before != now and not saga_state_breaks(before, now)

    find(pairs(), passes, settings=SEARCH)


def test_the_search_would_find_a_stored_state_that_is_not_read() -> None:
    """The control: of the drawn changes some are such that an instance could not go on."""

    @st.composite
    def cases(draw: Any) -> tuple[Any, bytes]:
        pair = draw(pairs())
        return pair, json.dumps(draw(records(pair[0]))).encode()

    (before, after), _ = find(
        cases(),
        lambda case: is_read(case[1], drawn(case[0][0])) and not is_read(case[1], drawn(case[0][1])),
        settings=SEARCH,
    )
    assert saga_state_breaks(drawn(before).model_json_schema(), drawn(after).model_json_schema())
