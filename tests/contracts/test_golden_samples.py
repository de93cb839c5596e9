"""The golden samples: bytes of events as they are stored, which are read for ever."""

from pathlib import Path

import pytest

from contracts.catalogue import catalogue
from contracts.examples import examples_of
from contracts.samples import (
    Sample,
    events_without_sample,
    sample_path,
    sampled_type,
    samples,
    undeclared_samples,
    write_samples,
)
from contracts.users.events import UserCreated

every_sample = pytest.mark.parametrize("sample", samples(), ids=lambda sample: f"{sample.type} {sample.path.name}")


def test_there_is_one_of_each_version_of_each_event() -> None:
    assert events_without_sample() == [], "write them by `annals docs schemas`, and commit them"


def test_each_is_of_a_version_that_is_declared() -> None:
    assert undeclared_samples() == [], "what is stored stays for ever: declare these versions again"


@every_sample
def test_each_is_read_by_the_model_of_its_version(sample: Sample) -> None:
    event = catalogue().events[sample.type].model_validate_json(sample.value)
    assert event.to_json() == sample.value, "the model reads the stored event as another one"


def test_are_written_once_and_never_again(tmp_path: Path) -> None:
    written = write_samples(tmp_path)
    assert len(written) == len(catalogue().present), "of a retired event nobody makes a new one"
    path = sample_path(UserCreated, tmp_path)
    assert path.read_bytes() == next(iter(examples_of(UserCreated).values())).to_json()
    path.write_bytes(b'{"user_id":"ada"}')
    written[-1].unlink()
    assert write_samples(tmp_path) == [written[-1]]
    assert path.read_bytes() == b'{"user_id":"ada"}'


def test_of_a_version_without_a_model_stay_and_are_named(tmp_path: Path) -> None:
    write_samples(tmp_path)
    retired = sample_path(UserCreated, tmp_path).with_name("UserRenamed.v1.json")
    retired.write_bytes(b"{}")
    assert undeclared_samples(tmp_path) == [retired]
    write_samples(tmp_path)
    assert retired.exists()


def test_may_be_several_of_one_version(tmp_path: Path) -> None:
    written = write_samples(tmp_path)
    path = sample_path(UserCreated, tmp_path)
    another = path.with_name("UserCreated.v2.without_city.json")
    path.rename(another)
    assert sampled_type("users", another.name) == UserCreated.type
    assert set(events_without_sample(tmp_path)) == set(catalogue().retired.values())
    assert write_samples(tmp_path) == []
    assert len(samples(tmp_path)) == len(written)
