"""What only a newer release knows stays where it is: in a saga's state that is written back, in an event that is
published later.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalogue import stored_events
from contracts.orders.examples import ADAS_ORDER_PLACED
from contracts.samples import Sample, samples
from contracts.users.examples import ADA_CREATED, ADA_WELCOMED
from tests.lanes.recorded_rows import event_rows
from workers.command.taking_over import as_written
from workers.core.saga import Saga
from workers.domain import contexts
from workers.domain.users.welcome import welcome
from workers.lanes.recorded_rows import recorded_row
from workers.ports.sagas import InstanceKey, StoredInstance
from workers.saga.following import follow

MODELS = stored_events()
CREATED, WELCOMED = (recorded_row(row, MODELS) for row in event_rows(ADA_CREATED, ADA_WELCOMED))
ALL_SAGAS = [saga for context in contexts().values() for saga in context.sagas]
json_values = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), st.lists, max_leaves=4)


@given(json_values)
def test_in_a_sagas_state_it_survives_the_events_that_follow(fact: Any) -> None:
    (begun,) = follow([welcome], [CREATED], {}, 0).instances
    stored = json.dumps({**json.loads(begun.state), "a_fact_of_a_newer_release": fact}).encode()
    key = InstanceKey("welcome", begun.instance_id)
    (after,) = follow([welcome], [WELCOMED], {key: StoredInstance(1, stored, None)}, 1).instances
    state = json.loads(after.state)
    assert state.pop("a_fact_of_a_newer_release") == fact
    (usual,) = follow([welcome], [CREATED, WELCOMED], {}, 0).instances
    assert (state, after.status) == (json.loads(usual.state), usual.status)


@pytest.mark.parametrize("saga", ALL_SAGAS, ids=lambda saga: saga.name)
def test_in_every_sagas_state_it_is_kept(saga: Saga[Any]) -> None:
    stored = {**json.loads(saga.initial.model_dump_json()), "a_fact_of_a_newer_release": {"deep": [1, None]}}
    state = type(saga.initial).model_validate(stored)
    assert json.loads(state.with_facts().model_dump_json()) == stored
    assert state.status == saga.initial.status


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.path.stem)
def test_in_an_event_it_is_published_behind_the_fields_that_are_known(sample: Sample) -> None:
    _, name, version = sample.type.split(".")
    row = event_rows(ADA_CREATED)[0]._replace(
        context=sample.type.split(".")[0], type=name, schema_version=int(version[1:]), data=sample.value
    )
    assert as_written(row, MODELS) == sample.value, "an older version is published as that version"
    fields = json.loads(sample.value)
    shuffled = {"zzz": {"deep": 1}, **dict(reversed(fields.items()))}
    published = as_written(row._replace(data=json.dumps(shuffled).encode()), MODELS)
    assert json.loads(published) == shuffled
    assert list(json.loads(published)) == [*fields, "zzz"]


def test_in_what_a_field_holds_too() -> None:
    (row,) = event_rows(ADAS_ORDER_PLACED)
    fields = json.loads(row.data)
    fields["lines"][0] = {"gift": True, **fields["lines"][0]}
    published = json.loads(as_written(row._replace(data=json.dumps(fields).encode()), MODELS))
    assert published == fields
    assert list(published["lines"][0])[-1] == "gift"


def test_an_event_of_a_type_that_only_it_declares_is_published_as_the_table_has_it() -> None:
    row = event_rows(ADA_CREATED)[0]._replace(schema_version=99, data=b'{"b": 1, "a": [2]}')
    assert as_written(row, MODELS) == row.data
