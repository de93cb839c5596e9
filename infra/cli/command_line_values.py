"""From `users.CreateUser first_name=Ada city:=null` to a command: names, values, ids, passwords.

`field=text` gives a text, or the type that the field has instead (typed_values.py); `field:=json` any JSON value. A
missing stream id is generated (UUID version 7). A password, which comes from a prompt or a file (secret_fields.py),
becomes `password_hash`, an argon2id hash made here: the clear text never leaves the process.
"""

import difflib
import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import typer
from pydantic import ValidationError

from contracts.catalogue import catalogue
from contracts.client.identifiers import identifier_after, new_identifier
from contracts.message import Command
from infra.cli.typed_values import Typed, read
from infra.passwords import Argon2Passwords
from workers.ports.passwords import MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS

PASSWORD = "password"  # noqa: S105 - the name of a field
PASSWORD_HASH = "password_hash"  # noqa: S105 - the name of a field
SALT_BYTES = 16


def command_type(name: str) -> type[Command]:
    """The command of this name. Raises BadParameter that suggests similar names."""
    model = catalogue().command_named(name)
    if model is not None:
        return model
    names = sorted(f"{model.context}.{model.name}" for model in catalogue().commands.values())
    by_bare_name = {full_name.split(".", 1)[1].lower(): full_name for full_name in names}
    near = difflib.get_close_matches(name, names, cutoff=0.8)
    near = near or [by_bare_name[bare] for bare in difflib.get_close_matches(name.lower(), by_bare_name, cutoff=0.7)]
    advice = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
    raise typer.BadParameter(f"there is no command {name}; {advice}")


def fields_of(assignments: Iterable[str]) -> dict[str, Any]:
    """The fields that `name=text` and `name:=json` give. Raises BadParameter."""
    fields: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        is_json = name.endswith(":")
        name = name.removesuffix(":")
        if not equals or not name:
            raise typer.BadParameter("each field must be given as name=value (or name:=JSON)")
        if name in fields:
            raise typer.BadParameter(f"{name} is given twice")
        try:
            fields[name] = json.loads(value) if is_json else Typed(value)
        except ValueError as error:
            raise typer.BadParameter(f"{name} is not valid JSON: {error}") from error
    return fields


async def command_from(
    model: type[Command], fields: dict[str, Any], passwords: Argon2Passwords, command_id: str | None = None
) -> Command:
    """The command with these fields. Raises BadParameter that names each wrong field and never shows its value.

    A generated id or hash is derived from the command's id: sent again under that id, it is the same command.
    """
    command_id = command_id or new_identifier()
    fields = read(model, fields)
    fields.setdefault(model.stream_field, identifier_after(command_id))
    if PASSWORD in fields and PASSWORD_HASH in model.model_fields:
        fields[PASSWORD_HASH] = await _hashed(fields.pop(PASSWORD), passwords, command_id)
    try:
        # Through JSON, as everywhere: a text becomes a number or a time where the field is one.
        return model.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        raise typer.BadParameter(f"{model.context}.{model.name}: {_explained(model, error)}") from error


async def _hashed(password: Any, passwords: Argon2Passwords, command_id: str) -> str:
    if not isinstance(password, str) or not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise typer.BadParameter(
            f"password: must have {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters"
        )
    return await passwords.hashed(password, sha256(f"salt {command_id}".encode()).digest()[:SALT_BYTES])


def _explained(model: type[Command], error: ValidationError) -> str:
    wrong = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(name, model.model_fields, n=1)
            advice = f"did you mean {near[0]}?" if near else f"it has {', '.join(model.model_fields)}"
            wrong.append(f"there is no field {name}; {advice}")
        elif problem["type"] == "string_pattern_mismatch":
            form = model.model_fields[name].description if name in model.model_fields else None
            wrong.append(f"{name}: does not have the form that is required{f' ({form})' if form else ''}")
        else:
            wrong.append(f"{name}: {problem['msg']}")
    return "; ".join(wrong)
