"""The messages as JSON Schemas (draft 2020-12), for those who do not read Python.

The models are the source. The files in the folder `schemas` of each published language are written from them and
committed, so that a review shows each change of it. A file's `$id` is the message's wire type. What was published once
is stored, or still sent: no file is ever removed here, and none is written anew that old messages would not fit
(compatibility/).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contracts.catalogue import catalogue
from contracts.compatibility.files import files_under, publication_of
from contracts.compatibility.publication import Break, breaks
from contracts.installed import folder_of
from contracts.message import Message

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ROOT = Path(__file__).parent


def schema_of(model: type[Message]) -> dict[str, Any]:
    """The JSON Schema of a message's value. Its title is the message's name, whatever the class is called."""
    return {"$schema": DIALECT, "$id": model.type, **model.model_json_schema(), "title": model.name}


def file_stem(model: type[Message]) -> str:
    """What the names of a message's published files begin with: `UserCreated.v1`."""
    return f"{model.name}.v{model.schema_version}"


def published_folder(root: Path, context: str) -> Path:
    """The folder of a context's published language, with its schemas and samples; for another root, one there."""
    return folder_of(context) if root == ROOT else root / context


def messages() -> dict[str, type[Message]]:
    """All messages by wire type."""
    return {**catalogue().commands, **catalogue().events}


def schema_files(root: Path = ROOT) -> dict[Path, str]:
    """Every schema file that there should be under `root`, with its text."""
    return {schema_path(model, root): schema_text(schema_of(model)) for model in messages().values()}


def stale_schemas(root: Path = ROOT) -> list[Path]:
    """The files under `root` that are missing or differ from their model."""
    return sorted(
        path for path, text in schema_files(root).items() if not path.is_file() or path.read_text("utf-8") != text
    )


def undeclared_schemas(root: Path = ROOT) -> list[Path]:
    """The files under `root` whose message is not declared any more."""
    return sorted(set(_present(root)) - schema_files(root).keys())


def schema_breaks(root: Path = ROOT) -> list[Break]:
    """The messages that do not fit the schemas under `root`. Raises UnreadableSchema."""
    folders = {context: published_folder(root, context) for context in catalogue().contexts}
    models = messages()
    return breaks(
        publication_of(files_under(folders)), models, {type_: schema_of(model) for type_, model in models.items()}
    )


def write_schemas(root: Path = ROOT) -> list[Path]:
    """Write what is stale, except for messages that do not fit their schema; returns the paths that changed. Raises
    UnreadableSchema.
    """
    wanted = schema_files(root)
    broken = {schema_break.type for schema_break in schema_breaks(root)}
    kept = {schema_path(model, root) for type_, model in messages().items() if type_ in broken}
    changed = [path for path in stale_schemas(root) if path not in kept]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8")
    return changed


def schema_path(model: type[Message], root: Path = ROOT) -> Path:
    """Where the schema of a message stands."""
    return published_folder(root, model.context) / "schemas" / f"{file_stem(model)}.json"


def schema_text(schema: dict[str, Any]) -> str:
    """The text of a schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _present(root: Path) -> Iterator[Path]:
    for context in catalogue().contexts:
        yield from (published_folder(root, context) / "schemas").glob("*.json")
