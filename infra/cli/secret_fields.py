"""Secrets of a command that is typed: `password=@-` and `password=@FILE` instead of the text itself.

Every user of a machine can read the command lines of its processes, and the shell keeps them. So the value of a secret
field is refused there. `@-` asks for it without an echo, or reads a line of what is piped in; `@FILE` reads the first
line of a file. Secret are the fields that a model does not show (`repr=False`), and the password that becomes one.
"""

import getpass
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from contracts.message import Command
from infra.cli.command_line_values import PASSWORD, PASSWORD_HASH
from infra.cli.typed_values import Typed

FROM_ELSEWHERE = "@"
STANDARD_INPUT = "-"
MAX_SECRET_CHARACTERS = 10_000


def secret_names(model: type[Command]) -> frozenset[str]:
    """The fields of a command that must not stand on a command line."""
    names = {name for name, field in model.model_fields.items() if not field.repr}
    return frozenset(names | ({PASSWORD} if PASSWORD_HASH in names else set()))


def with_secrets(model: type[Command], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The typed fields, each secret read from where its field says. Raises BadParameter, which shows no secret."""
    names = secret_names(model)
    return {name: _secret(name, value) if name in names else value for name, value in fields.items()}


def _secret(name: str, value: Any) -> str:
    if not isinstance(value, Typed) or not value.startswith(FROM_ELSEWHERE) or value == FROM_ELSEWHERE:
        raise typer.BadParameter(
            f"{name}: every user of this machine can read a command line, and the shell keeps it. Write {name}=@- and "
            f"type the value when you are asked for it, or pipe it in; or {name}=@FILE with it on a line of that file"
        )
    place = value.removeprefix(FROM_ELSEWHERE)
    try:
        if place != STANDARD_INPUT:
            with Path(place).open(encoding="utf-8") as file:
                return _line(name, file.readline(MAX_SECRET_CHARACTERS))
        if not sys.stdin.isatty():
            return _line(name, sys.stdin.readline(MAX_SECRET_CHARACTERS))
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{name}: what is read for it is not UTF-8") from error
    except OSError as error:
        raise typer.BadParameter(f"{name}: {place} cannot be read: {error.strerror}") from error
    return _asked_for(name)


def _line(name: str, text: str) -> str:
    line = text.removesuffix("\n").removesuffix("\r")
    if not line:
        raise typer.BadParameter(f"{name}: there is no line to read for it")
    return line


def _asked_for(name: str) -> str:
    """Typed twice, as nobody sees what was typed."""
    first = getpass.getpass(f"{name}: ")
    if first != getpass.getpass(f"{name}, once more: "):
        raise typer.BadParameter(f"{name}: the two inputs differ")
    return _line(name, first)
