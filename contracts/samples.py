"""Golden samples: for each version of each event the bytes of one, as they are stored.

They stand under `contracts/<context>/samples/`, as `<Name>.v<version>.json`; a version may have more of them, as
`<Name>.v<version>.<what it shows>.json`. A sample is written once, from the first example of its version, and never
again: it stands for the events that are in the tables of those who run the system, so the model must go on reading it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.catalogue import catalogue
from contracts.examples import examples_of
from contracts.message import Event, Message
from contracts.schemas import ROOT, file_stem, published_folder


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of samples. `type` is the wire type of its event."""

    path: Path
    type: str

    @property
    def value(self) -> bytes:
        """The value of an event, as it is stored and published."""
        return self.path.read_bytes()


def samples(root: Path = ROOT) -> list[Sample]:
    """Every sample under `root`, by path."""
    return sorted(_present(root), key=lambda sample: sample.path)


def events_without_sample(root: Path = ROOT) -> list[type[Event]]:
    """The declared events that have no sample under `root`."""
    sampled = {sample.type for sample in _present(root)}
    return [model for type_, model in catalogue().events.items() if type_ not in sampled]


def shown(model: type[Message]) -> Mapping[str, Message]:
    """What shows a message to readers, by name: its examples or, of a retired event, its golden samples."""
    read_only = {
        sample.path.stem: catalogue().events[sample.type].model_validate_json(sample.value)
        for sample in samples()
        if sample.type in catalogue().retired and sample.type == model.type
    }
    return read_only or examples_of(model)


def undeclared_samples(root: Path = ROOT) -> list[Path]:
    """The samples under `root` whose event is not declared any more."""
    declared = catalogue().events
    return [sample.path for sample in samples(root) if sample.type not in declared]


def write_samples(root: Path = ROOT) -> list[Path]:
    """Write the samples that are missing, of the events that have an example; returns their paths."""
    written = []
    for model in events_without_sample(root):
        example = next(iter(examples_of(model).values()), None)
        if example is not None:
            path = sample_path(model, root)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(example.to_json())
            written.append(path)
    return sorted(written)


def sample_path(model: type[Event], root: Path = ROOT) -> Path:
    """Where the first sample of an event stands."""
    return published_folder(root, model.context) / "samples" / f"{file_stem(model)}.json"


def sampled_type(context: str, file_name: str) -> str:
    """The wire type of the sample with this name: `UserCreated.v1.renamed.json` is one of `users.UserCreated.v1`."""
    return ".".join([context, *file_name.split(".")[:2]])


def _present(root: Path) -> Iterator[Sample]:
    for context in catalogue().contexts:
        for path in (published_folder(root, context) / "samples").glob("*.json"):
            yield Sample(path, sampled_type(context, path.name))
