"""`annals contracts`: whether the messages of now, and the states of sagas, still fit what was published of them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from contracts.catalogue import catalogue, stored_events
from contracts.compatibility.files import files_under, publication_of
from contracts.compatibility.publication import Break, Publication, breaks, sample_breaks
from contracts.compatibility.saga_states import broken_states
from contracts.installed import BrokenContext
from contracts.schemas import ROOT, messages, published_folder, schema_of
from infra.cli.exits import CommandRefused
from infra.git.published import files_at
from workers.contexts import installed
from workers.published_states import declared_states

MESSAGES = ("message", "messages")
STATES = ("state of a saga", "states of sagas")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def contracts() -> None:
    """The published language: whether it changed so that old messages and old clients still fit."""


@app.command()
def check(
    against: Annotated[
        str | None,
        typer.Option(metavar="REF", help="A commit, branch or tag of git; without it, the files as they are here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compare the declared messages with the published schemas and golden samples; exit 1 when one does not fit.

    An event may change only so that stored events are still read and that readers of the last release read the new
    ones. A command may change only so that what old clients send is still accepted. The state of a saga may change only
    so that its instances go on from what is stored.
    """
    folders = {context: published_folder(ROOT, context) for context in catalogue().contexts}
    now = publication_of(files_under(folders))
    published, elsewhere = now, frozenset[str]()
    if against is not None:
        files, elsewhere = files_at(against, folders, ROOT, Path.cwd())
        published = publication_of(files)
    models = messages()
    schemas = {type_: schema_of(model) for type_, model in models.items()}
    today = datetime.now(UTC).date()
    broken = [*breaks(published, models, schemas, today), *sample_breaks(published, now, stored_events())]
    broken += _broken_states(published, now, broken)
    where = "the files here" if against is None else against
    if as_json:
        result: dict[str, Any] = {
            "against": against,
            "compared": len(published.schemas),
            "compared_states": len(published.states),
            "breaks": [item.as_json() for item in broken],
        }
        result["left_out"] = sorted(elsewhere)
        typer.echo(json.dumps(result, ensure_ascii=False))
    elif broken:
        typer.echo("\n\n".join(str(item) for item in broken))
    else:
        typer.echo(
            f"all {len(published.schemas)} messages, {len(published.samples)} golden samples and "
            f"{_counted(len(published.states), *STATES)} of {where} still fit"
        )
    if elsewhere and not as_json:
        typer.echo(f"not compared, as they do not stand in this repository: {', '.join(sorted(elsewhere))}")
    if broken:
        names = {item.type for item in broken}
        states = len(names & (published.states.keys() | now.states.keys()))
        counts = [(len(names) - states, MESSAGES), (states, STATES)]
        parts = " and ".join(_counted(number, *words) for number, words in counts if number)
        verb = "does" if len(names) == 1 else "do"
        raise CommandRefused(f"{parts} {verb} not fit {where}.")


def _broken_states(published: Publication, now: Publication, broken_messages: list[Break]) -> list[Break]:
    """The states of sagas that do not fit. Raises BrokenContext when the code of a context cannot be loaded, unless
    messages do not fit: they may be why, and are to be put right first.
    """
    try:
        states = declared_states()
    except BrokenContext:
        if broken_messages:
            return []
        raise
    # Of a context whose published language alone is installed, nobody here knows the sagas.
    contexts = installed().keys()
    with_code = {name: state for name, state in published.states.items() if name.split(".")[0] in contexts}
    return broken_states(Publication(states=with_code), now, states)


def _counted(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}"
