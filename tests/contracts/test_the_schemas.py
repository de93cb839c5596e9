"""The committed JSON Schemas."""

import json
import re
from pathlib import Path

from contracts.catalogue import catalogue
from contracts.schemas import DIALECT, ROOT, schema_files, stale_schemas, undeclared_schemas, write_schemas

# What a backslash may stand before in ECMA-262's unicode mode, where any other escape is an error.
_KNOWN_ESCAPE = re.compile(r"\\(?:[\^$\\.*+?()\[\]{}|/bBdDwWsSfnrtv0-]|x[0-9a-f]{2}|u[0-9a-f]{4}|c[A-Za-z])")


def test_say_what_the_models_say() -> None:
    stale = [str(path.relative_to(ROOT)) for path in stale_schemas()]
    assert not stale, (
        f"these schemas under contracts/ no longer match their models: {', '.join(stale)}. If the change of the "
        "published language is meant, rewrite them with `annals docs schemas` and commit them; a change that old "
        "readers or old events do not survive needs a new schema_version instead."
    )


def test_are_named_by_wire_type() -> None:
    all_messages = catalogue()
    schemas = {json.loads(text)["$id"]: json.loads(text) for text in schema_files().values()}
    assert schemas.keys() == all_messages.commands.keys() | all_messages.events.keys()
    assert {schema["$schema"] for schema in schemas.values()} == {DIALECT}
    assert all(schema["additionalProperties"] is False for schema in schemas.values())


def test_have_patterns_that_every_reader_of_json_schema_can_compile() -> None:
    for path, text in schema_files().items():
        for pattern in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', text):
            assert "\\" not in _KNOWN_ESCAPE.sub("", json.loads(pattern)), f"{path.name}: {pattern}"


def test_are_rewritten_when_stale_and_never_removed(tmp_path: Path) -> None:
    written = write_schemas(tmp_path)
    assert set(written) == set(schema_files(tmp_path))
    assert stale_schemas(tmp_path) == undeclared_schemas(tmp_path) == []
    edited, removed = written[0], written[1]
    retired = tmp_path / "users" / "schemas" / "UserRenamed.v1.json"
    edited.write_text(edited.read_text().replace('"description": "', '"description": "Once: '))
    removed.unlink()
    retired.write_text("{}")
    assert set(stale_schemas(tmp_path)) == {edited, removed}
    assert undeclared_schemas(tmp_path) == [retired]
    assert set(write_schemas(tmp_path)) == {edited, removed}
    assert stale_schemas(tmp_path) == []
    assert retired.read_text() == "{}"
    assert undeclared_schemas(tmp_path) == [retired]
