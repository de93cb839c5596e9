"""Published files as a publication: `<Name>.v<version>.json` in the folder `schemas` of a context, samples, and
`<saga>.json` in the folder `sagas`, the schema of a saga's state.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from contracts.compatibility.publication import Publication, SampleName
from contracts.compatibility.variants import Schema

SCHEMAS, SAMPLES, SAGAS = "schemas", "samples", "sagas"
FOLDERS = (SCHEMAS, SAMPLES, SAGAS)


class PublishedFile(NamedTuple):
    """A file in one of the folders of a context's published language."""

    context: str
    folder: str
    name: str

    @property
    def type(self) -> str:
        """The wire type: that of `users`, `UserCreated.v1.renamed.json` is `users.UserCreated.v1`. Of a saga's state
        the name that takes its place: `users.sagas.welcome`.
        """
        if self.folder == SAGAS:
            return saga_state_name(self.context, self.name.removesuffix(".json"))
        return ".".join([self.context, *self.name.split(".")[:2]])


def saga_state_name(context: str, saga: str) -> str:
    """What the state of a saga is called among what is published. No wire type looks like it."""
    return f"{context}.{SAGAS}.{saga}"


class UnreadableSchema(Exception):
    """A published schema is no JSON object, so nothing can be compared with it. Restore the file; if it was never
    released, remove it, and `annals docs schemas` writes it anew.
    """

    def __init__(self, file: PublishedFile) -> None:
        super().__init__(
            f"{'/'.join(file)} is no JSON object: restore it as it was committed. If it was never released, remove it, "
            "and `annals docs schemas` writes it anew."
        )
        self.file = file


def publication_of(files: Mapping[PublishedFile, bytes]) -> Publication:
    """What these files publish. Raises UnreadableSchema."""
    schemas: dict[str, Schema] = {}
    samples: dict[SampleName, bytes] = {}
    states: dict[str, Schema] = {}
    for file, value in files.items():
        if file.folder == SAMPLES:
            samples[file.type, file.name] = value
            continue
        try:
            schema = json.loads(value)
        except ValueError as error:
            raise UnreadableSchema(file) from error
        if not isinstance(schema, dict):
            raise UnreadableSchema(file)
        (states if file.folder == SAGAS else schemas)[file.type] = schema
    return Publication(schemas, samples, states)


def files_under(folders: Mapping[str, Path]) -> dict[PublishedFile, bytes]:
    """The published files that stand in these folders now, by context."""
    return {
        PublishedFile(context, path.parent.name, path.name): path.read_bytes()
        for context, folder in folders.items()
        for path in _published_in(folder)
    }


def _published_in(folder: Path) -> Iterator[Path]:
    for name in FOLDERS:
        yield from sorted((folder / name).glob("*.json"))
