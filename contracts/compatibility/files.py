"""Published files as a publication: `<Name>.v<version>.json` in the folder `schemas` of a context, and samples."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from contracts.compatibility.publication import Publication, SampleName
from contracts.compatibility.variants import Schema

SCHEMAS, SAMPLES = "schemas", "samples"


class PublishedFile(NamedTuple):
    """A file in one of the two folders of a context's published language."""

    context: str
    folder: str
    name: str

    @property
    def type(self) -> str:
        """The wire type: that of `users`, `UserCreated.v1.renamed.json` is `users.UserCreated.v1`."""
        return ".".join([self.context, *self.name.split(".")[:2]])


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
        schemas[file.type] = schema
    return Publication(schemas, samples)


def files_under(folders: Mapping[str, Path]) -> dict[PublishedFile, bytes]:
    """The published files that stand in these folders now, by context."""
    return {
        PublishedFile(context, path.parent.name, path.name): path.read_bytes()
        for context, folder in folders.items()
        for path in _published_in(folder)
    }


def _published_in(folder: Path) -> Iterator[Path]:
    for name in (SCHEMAS, SAMPLES):
        yield from sorted((folder / name).glob("*.json"))
