"""`annals docs`: what is published about the messages and the states of streams, drawn from what the code runs on."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from contracts.asyncapi import asyncapi as asyncapi_document
from contracts.schemas import ROOT, stale_schemas, write_schemas
from contracts.topics import Topics
from infra.cli.exits import CommandRefused
from infra.contexts import chosen_contexts
from infra.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def docs() -> None:
    """The published documents about the messages and the states of streams."""


@app.command()
def schemas(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file is stale.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write the JSON Schemas of all messages into the folder `schemas` of each context's published language."""
    paths = stale_schemas() if check else write_schemas()
    names = [_shown(path) for path in paths]
    if as_json:
        typer.echo(json.dumps({"stale" if check else "written": names}))
    elif names:
        for name in names:
            typer.echo(f"{'stale' if check else 'written'}: {name}")
    else:
        typer.echo("all schemas match their models")
    if check and names:
        raise CommandRefused(f"{len(names)} schemas do not match their models: run `annals docs schemas`.")


@app.command()
def asyncapi(
    as_json: Annotated[bool, typer.Option("--json", help="On one line.")] = False,
) -> None:
    """Print the AsyncAPI 3.0 document (JSON) of this installation's topics and messages."""
    document = asyncapi_document(Topics(Settings().topic_prefix), version("annals"))
    typer.echo(json.dumps(document, ensure_ascii=False, indent=None if as_json else 2))


@app.command()
def states(
    as_json: Annotated[bool, typer.Option("--json", help="Print an object of context and diagram.")] = False,
) -> None:
    """Print the states of each context that has them as a table, as Mermaid state diagrams."""
    diagrams = {
        name: context.diagram() for name, context in chosen_contexts(Settings()).items() if context.diagram is not None
    }
    if as_json:
        typer.echo(json.dumps(diagrams))
    else:
        typer.echo("\n".join(f"%% {name}\n{diagram}" for name, diagram in diagrams.items()), nl=False)


def _shown(path: Path) -> str:
    """A file of this folder's tree from there; another one in full."""
    return (path.relative_to(ROOT.parent) if path.is_relative_to(ROOT.parent) else path).as_posix()
