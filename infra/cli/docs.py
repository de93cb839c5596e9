"""`annals docs`: what is published about the messages and the states of streams, drawn from what the code runs on."""

import json
from importlib.metadata import version
from itertools import starmap
from pathlib import Path
from typing import Annotated

import typer

from contracts.asyncapi import asyncapi as asyncapi_document
from contracts.compatibility.advice import put_the_saga_back
from contracts.examples import examples_of
from contracts.message import Event
from contracts.samples import events_without_sample, undeclared_samples, write_samples
from contracts.schemas import ROOT, messages, schema_breaks, stale_schemas, undeclared_schemas, write_schemas
from contracts.topics import Topics
from infra.cli.exits import CommandRefused
from infra.contexts import chosen_contexts
from infra.settings import Settings
from workers.published_states import declared_states, stale_states, state_breaks, undeclared_states, write_states

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def docs() -> None:
    """The published documents about the messages and the states of streams."""


@app.command()
def schemas(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file is wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write the JSON Schemas of all messages and of the states of all sagas, and a golden sample of each event that
    has none.

    They stand in the folders schemas, sagas and samples of each context's published language. A sample is never
    rewritten, and no file is removed.
    """
    stale = [*stale_schemas(), *stale_states()] if check else [*write_schemas(), *write_states()]
    written = [] if check else write_samples()
    unsampled = events_without_sample()
    undeclared = [*undeclared_schemas(), *undeclared_samples()]
    without_saga = undeclared_states()
    declared = {*messages(), *declared_states()}
    broken = [str(item) for item in (*schema_breaks(), *state_breaks()) if item.type in declared]
    names = [_shown(path) for path in (*stale, *written)]
    if as_json:
        result = {
            "stale" if check else "written": names,
            "undeclared": [_shown(path) for path in (*undeclared, *without_saga)],
            "unsampled": [model.type for model in unsampled],
        }
        typer.echo(json.dumps(result))
    elif names:
        for name in names:
            typer.echo(f"{'stale' if check else 'written'}: {name}")
    else:
        typer.echo("all schemas match their models" if check and not broken else "nothing to write")
    problems = [
        *broken,
        *map(_undeclared, undeclared),
        *starmap(_without_saga, without_saga.items()),
        *map(_unsampled, unsampled),
    ]
    if broken:
        problems.append(
            "Not written anew: what stands for stored events, stored states and old clients. Remove what was never "
            "released."
        )
    if check and names:
        problems.insert(0, f"{len(names)} schemas do not match their models: run `annals docs schemas`.")
    if problems:
        raise CommandRefused("\n".join(problems))


def _undeclared(path: Path) -> str:
    name, tag = path.name.split(".")[:2]
    number = tag.removeprefix("v")
    return (
        f"{_shown(path)} has no message: {name}.{tag} is stored for ever, and may still be sent. Declare it again: "
        f'class {name}V{number}(…, name="{name}", version={number}), with the fields that the file has. '
        "Of a deprecated command whose removed_on has passed, remove the file too."
    )


def _without_saga(path: Path, name: str) -> str:
    return f"{_shown(path)} has no saga. {put_the_saga_back(name)}"


def _unsampled(model: type[Event]) -> str:
    return (
        f"{model.type} has no golden sample, and no example to make one of: name an example in "
        f"contracts/{model.context}/examples.py and run `annals docs schemas`."
        if not examples_of(model)
        else f"{model.type} has no golden sample: run `annals docs schemas`."
    )


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
