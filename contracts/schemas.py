"""The messages as JSON Schemas (draft 2020-12), for those who do not read Python.

The models are the source. The files in the folder `schemas` of each published language are written from them and
committed, so that a review shows each change of it. A file's `$id` is the message's wire type.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contracts.catalogue import catalogue
from contracts.installed import folder_of
from contracts.message import Message

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ROOT = Path(__file__).parent


def schema_of(model: type[Message]) -> dict[str, Any]:
    """The JSON Schema of a message's value."""
    return {"$schema": DIALECT, "$id": model.type, **model.model_json_schema()}


def schema_files(root: Path = ROOT) -> dict[Path, str]:
    """Every schema file that there should be under `root`, with its text."""
    messages = catalogue()
    models: list[type[Message]] = [*messages.commands.values(), *messages.events.values()]
    return {
        _folder(root, model.context) / f"{model.name}.v{model.schema_version}.json": _text(schema_of(model))
        for model in models
    }


def stale_schemas(root: Path = ROOT) -> list[Path]:
    """The files under `root` that are missing, differ from their model, or have no model."""
    wanted = schema_files(root)
    wrong = {path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text}
    return sorted(wrong | (set(_present(root)) - wanted.keys()))


def write_schemas(root: Path = ROOT) -> list[Path]:
    """Write what is stale and remove what has no model; returns the paths that changed."""
    wanted = schema_files(root)
    changed = stale_schemas(root)
    for path in changed:
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], "utf-8")
        else:
            path.unlink()
    return changed


def _folder(root: Path, context: str) -> Path:
    """Where the schemas of a context stand: with its published language, or, for another root, in a folder there."""
    return (folder_of(context) if root == ROOT else root / context) / "schemas"


def _present(root: Path) -> Iterator[Path]:
    for context in catalogue().contexts:
        yield from _folder(root, context).glob("*.json")


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
