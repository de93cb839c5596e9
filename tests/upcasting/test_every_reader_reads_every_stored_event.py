"""What a reader makes of an event that another release has stored is what it makes of the event as this one stores it.

Asked of every reader about every golden sample. What is stored stays as it was.
"""

import copy

import pytest

from contracts.catalogue import catalogue
from contracts.samples import Sample, samples
from tests.upcasting.lives import Life, life_with, with_unknown_fields
from tests.upcasting.readers import READERS, Reader

every_reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
every_sample = pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.path.stem)


async def reads_alike(reader: Reader, life: Life) -> None:
    rows, before = life.rows, copy.deepcopy(life.rows)
    assert await reader(life.context, life.models, rows) == await reader(life.context, life.models, list(life.today))
    assert rows == before


@every_sample
@every_reader
async def test_as_it_was_stored(reader: Reader, sample: Sample) -> None:
    await reads_alike(reader, life_with(sample))


@every_sample
@every_reader
async def test_with_fields_that_only_a_newer_release_knows(reader: Reader, sample: Sample) -> None:
    await reads_alike(reader, with_unknown_fields(life_with(sample)))


def test_among_them_are_events_that_are_stored_and_no_longer_written() -> None:
    retired = {sample.type for sample in samples()} & catalogue().retired.keys()
    assert "users.UserCreated.v1" in retired
