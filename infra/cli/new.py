"""`annals new`: a project of one's own, and contexts in it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.exits import CommandRefused
from infra.scaffolding.names import NameRefused
from infra.scaffolding.writing import PlaceRefused, new_context, new_project

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print the files that were written as JSON.")]


@app.callback()
def new() -> None:
    """Write a project of one's own, or another context in it."""


@app.command("project")
def project(
    folder: Annotated[Path, typer.Argument(help="The folder to make; its name is that of the project.")],
    context: Annotated[str | None, typer.Option(help="Its first context; by default called as the project.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a project with one context: messages, decider, read model, tests, and what installs it."""
    try:
        paths = new_project(folder, context)
    except (NameRefused, PlaceRefused) as error:
        raise CommandRefused(str(error)) from error
    except OSError as error:
        raise CommandRefused(f"{error.filename}: {error.strerror}. Nothing was written.") from error
    _tell(paths, f"cd {folder} && pip install -e '.[testing]' && pytest && annals up", as_json=as_json)


@app.command("context")
def context(
    name: Annotated[str, typer.Argument(help="The name: a Python package, an address, a part of topics' names.")],
    folder: Annotated[Path, typer.Option("--project", help="The folder of the project.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Add a context to the project of this folder."""
    try:
        paths = new_context(name, folder)
    except (NameRefused, PlaceRefused) as error:
        raise CommandRefused(str(error)) from error
    except OSError as error:
        raise CommandRefused(f"{error.filename}: {error.strerror}. Nothing was written.") from error
    _tell(paths, "pip install -e . && pytest", as_json=as_json)


def _tell(paths: list[Path], next_step: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"written": [str(path) for path in paths]}))
        return
    for path in paths:
        typer.echo(path)
    typer.echo(f"next: {next_step}")
