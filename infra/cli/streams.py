"""`annals streams`: the generations of a context's streams: list, copy, diff, switch. Commands go on meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.actor import Actor, acting
from infra.cli.exits import CommandRefused
from infra.cli.reason import ReasonOption, given_reason
from infra.contexts import chosen_contexts
from infra.settings import Settings
from workers.ports.interventions import Reason

if TYPE_CHECKING:
    from infra.cli.stream_generation_lines import Listing
    from infra.postgres.pool import Database
    from workers.operations.stream_generations.comparing import StreamComparison
    from workers.operations.stream_generations.copying import Advance, Copying
    from workers.operations.stream_generations.switching import Switched
    from workers.ports.stream_generations import StreamGeneration, StreamGenerations

SAMPLES = 5
MAX_SAMPLES = 1000

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _chosen(name: str) -> str:
    contexts = chosen_contexts(Settings())
    if name not in contexts:
        raise typer.BadParameter(f"there is no context {name}; there are: {', '.join(contexts)}")
    return name


ContextName = Annotated[str, typer.Argument(metavar="CONTEXT", help="Which context.", callback=_chosen)]


@app.callback()
def streams() -> None:
    """The last resort when no upcaster helps: copy all events of a context through a function, compare, switch and
    back. What was recorded stays in the event table.
    """
    from infra.telemetry.logs import command_line_logs

    command_line_logs()


@app.command("list")
def list_generations(as_json: AsJson = False) -> None:
    """List the copies of all contexts: which is live, how far it is copied, by which function."""
    listings = asyncio.run(_listings())
    if as_json:
        typer.echo(json.dumps([listing.as_object() for listing in listings], indent=2))
        return
    lines = [line for listing in listings for line in listing.lines()]
    typer.echo("\n".join(lines) or "no context was ever copied: all read what was recorded")


@app.command()
def copy(
    context: ContextName,
    transform: Annotated[
        str, typer.Option(metavar="MODULE:FUNCTION", help="What becomes of each event: see contracts/copying.py.")
    ],
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over even if an unfinished copy exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy a context into a new generation through a pure function, next to the live one. An interrupted copy continues
    when run again.
    """
    from infra.cli.transform import NoTransform, copying_by

    try:
        copying = copying_by(transform)
    except NoTransform as error:
        raise typer.BadParameter(str(error), param_hint="--transform") from error
    generation = asyncio.run(_copy(context, copying, fresh=fresh, show_progress=not as_json))
    events = sum(generation.copied_to.values())
    if as_json:
        values = {"generation": generation.number, "events": events, "changed": generation.changed}
        typer.echo(json.dumps({"context": context, **values}))
        return
    typer.echo(
        f"{context}: generation {generation.number} is copied, {events:,} events, {generation.changed:,} of them "
        "changed; it is not live yet."
    )
    typer.echo(f"next: annals streams diff {context}, then annals streams switch {context} --reason ...")


@app.command()
def diff(
    context: ContextName,
    samples: Annotated[int, typer.Option(min=0, max=MAX_SAMPLES, help="Show so many streams that differ.")] = SAMPLES,
    as_json: AsJson = False,
) -> None:
    """Compare the live generation with the copy: events by type, and the state that each changed stream leads to. Exit
    code 1 when any stream leads to another state, or to none.
    """
    from infra.cli.stream_generation_lines import comparison_lines, comparison_object

    comparison = asyncio.run(_compare(context, samples, show_progress=not as_json))
    if as_json:
        typer.echo(json.dumps(comparison_object(comparison), indent=2))
    else:
        typer.echo("\n".join(comparison_lines(comparison)))
    raise typer.Exit(0 if comparison.agree else 1)


@app.command()
def switch(
    context: ContextName,
    reason: ReasonOption,
    back: Annotated[bool, typer.Option("--back", help="To the generation that was live before.")] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Make the copy the live generation at once, and the topic of events anew: the workers fill it from the table. If
    it was interrupted, run it again.
    """
    from infra.cli.stream_generation_lines import next_steps

    switched = asyncio.run(_switch(context, acting(actor), given_reason(reason), back=back))
    if as_json:
        typer.echo(json.dumps({"context": context, "before": switched.before, "live": switched.live}))
        return
    if switched.was_live:
        typer.echo(f"{context}: generation {switched.live} was live already; its log is made anew now.")
    else:
        typer.echo(
            f"{context}: generation {switched.live} is live; before it was {switched.before}. "
            f"Back: annals streams switch {context} --back --reason ..."
        )
    typer.echo("What was made of the events before stays until it is made anew. Next, once the log is filled:")
    for line in next_steps(context, chosen_contexts(Settings()).values()):
        typer.echo(f"  {line}")


async def _listings() -> "list[Listing]":
    from infra.cli.stream_generation_lines import Listing

    async with _opened() as (generations, _):
        return [
            Listing(context, await generations.live(context), await generations.existing(context))
            for context in chosen_contexts(Settings())
        ]


async def _copy(context: str, copying: "Copying", *, fresh: bool, show_progress: bool) -> "StreamGeneration":
    from contracts.catalogue import stored_events
    from workers.operations.stream_generations.copying import copy, events_to_copy, next_generation

    async with _opened(role="annals_audit") as (generations, _):
        generation = await next_generation(generations, context, copying, fresh=fresh)
        events = await events_to_copy(generations, generation)
        with _progress("copying", events, show_progress) as advance:
            return await copy(generations, generation, copying.transform, stored_events(), advance)


async def _compare(context: str, samples: int, *, show_progress: bool) -> "StreamComparison":
    from contracts.catalogue import stored_events
    from workers.operations.stream_generations.comparing import compare
    from workers.operations.stream_generations.switching import candidate

    decider = chosen_contexts(Settings())[context].decider
    async with _opened() as (generations, _):
        live = await generations.live(context)
        built = candidate(live, await generations.existing(context), context)
        with _progress("comparing streams", None, show_progress) as advance:
            return await compare(
                generations,
                context,
                live.number,
                built.number,
                decider,
                stored_events(),
                samples=samples,
                advance=advance,
            )


async def _switch(context: str, actor: str, reason: Reason, *, back: bool) -> "Switched":
    from contracts.catalogue import stored_events
    from contracts.topics import Topics
    from infra.kafka.topic_recreation import open_recreated_topic
    from infra.kafka.topics import topics_of
    from infra.locating import located
    from infra.postgres.interventions import PostgresInterventions
    from workers.operations.interventions import Operator
    from workers.operations.stream_generations.switching import switch

    settings = located(Settings())
    events_topic = Topics(settings.topic_prefix).events(context)
    topic = next(topic for topic in topics_of(list(chosen_contexts(settings)), settings) if topic.name == events_topic)
    async with _opened(role="annals_audit") as (generations, database), open_recreated_topic(settings, topic) as log:
        operator = Operator(PostgresInterventions(database), actor, reason)
        return await switch(generations, context, operator, _copying_of, stored_events(), log, back=back)


def _copying_of(generation: "StreamGeneration") -> "Copying":
    from infra.cli.transform import NoTransform, copying_by
    from workers.operations.stream_generations.switching import SwitchRefused

    again = f"run `annals streams copy {generation.context} --transform ...` again, then switch"
    try:
        copying = copying_by(generation.transform)
    except NoTransform as error:
        raise SwitchRefused(f"the rest cannot be copied, as {error}; {again}") from error
    if copying.fingerprint != generation.fingerprint:
        raise SwitchRefused(f"{generation.transform} has changed since the copy; {again}")
    return copying


@asynccontextmanager
async def _opened(*, role: str = "annals_reader") -> "AsyncIterator[tuple[StreamGenerations, Database]]":
    """The generations, with the database in this role. Raises CommandRefused if the operation is refused."""
    from contracts.topics import Topics
    from infra.cli.table import event_table
    from infra.postgres.stream_generations import PostgresStreamGenerations
    from workers.operations.stream_generations.switching import SwitchRefused
    from workers.operations.stream_generations.transforming import TransformRefused
    from workers.ports.stream_generations import CopyConflict

    settings = Settings()
    async with event_table(settings, role=role) as database:
        try:
            yield PostgresStreamGenerations(database, Topics(settings.topic_prefix)), database
        except (SwitchRefused, TransformRefused, CopyConflict) as error:
            raise CommandRefused(str(error)) from error


@contextmanager
def _progress(what: str, total: int | None, shown: bool) -> "Iterator[Advance]":
    from infra.cli.drawing import progress_bar

    with progress_bar(shown=shown) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)
