"""`annals projections`: the generations of the read models: list, rebuild, diff, switch. Queries go on meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.actor import Actor, acting
from infra.cli.exits import CommandRefused
from infra.cli.reason import ReasonOption, given_reason
from infra.contexts import chosen_contexts
from infra.settings import Settings
from workers.core.projection import Projection
from workers.ports.interventions import Reason

if TYPE_CHECKING:
    from infra.postgres.pool import Database
    from workers.operations.generations.building import Advance
    from workers.operations.generations.comparing import Comparison, Difference
    from workers.operations.generations.listing import GenerationListing
    from workers.operations.generations.ports import GenerationPorts
    from workers.operations.generations.switching import Switch

SAMPLES = 5
MAX_SAMPLES = 1000

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _declared(name: str) -> str:
    if name not in _projections():
        raise typer.BadParameter(f"there is no projection {name}; there are: {', '.join(_projections())}")
    return name


Name = Annotated[str, typer.Argument(help="Which projection.", callback=_declared)]


@app.callback()
def projections() -> None:
    """The read models: build a new generation next to the live one, compare the two, switch to it and back."""
    from infra.telemetry.logs import command_line_logs

    command_line_logs()


@app.command("list")
def list_projections(as_json: AsJson = False) -> None:
    """List the projections and their generations: which is live, how far behind, by which code."""
    listings = asyncio.run(_listings())
    if as_json:
        typer.echo(json.dumps([listing._asdict() for listing in listings], indent=2))
        return
    for listing in listings:
        role = "live" if listing.live else "before" if listing.previous else "built"
        code = "" if listing.by_this_code else "  BUILT BY OTHER CODE: rebuild, diff, switch"
        parked = f"  {listing.parked} parked: annals parked list" if listing.parked else ""
        typer.echo(
            f"{listing.projection}  generation {listing.number}  {role:6}  {listing.documents:,} documents  "
            f"{listing.behind:,} events behind{parked}{code}"
        )


@app.command()
def rebuild(
    name: Name,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over even if an unfinished build exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build a new generation from the log, next to the live one. An interrupted build continues when run again."""
    number, documents = asyncio.run(_rebuild(name, fresh=fresh, show_progress=not as_json))
    if as_json:
        typer.echo(json.dumps({"projection": name, "generation": number, "documents": documents}))
    else:
        typer.echo(f"{name}: generation {number} is built, {documents:,} documents; it is not live yet.")
        typer.echo(f"next: annals projections diff {name}, then annals projections switch {name} --reason ...")


@app.command()
def diff(
    name: Name,
    samples: Annotated[int, typer.Option(min=0, max=MAX_SAMPLES, help="Show so many that differ.")] = SAMPLES,
    as_json: AsJson = False,
) -> None:
    """Compare the live generation with the one that was built. Exit code 1 when any document differs."""
    comparison = asyncio.run(_compare(name, samples, show_progress=not as_json))
    if as_json:
        shown = [_sample(difference) for difference in comparison.samples]
        typer.echo(json.dumps({"agree": comparison.agree, **comparison._asdict(), "samples": shown}, indent=2))
    else:
        _show(comparison)
    raise typer.Exit(0 if comparison.agree else 1)


@app.command()
def switch(
    name: Name,
    reason: ReasonOption,
    back: Annotated[bool, typer.Option("--back", help="To the generation that was live before.")] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Make the generation that was built the live one, at once for every query and worker."""
    before, live = asyncio.run(_switch(name, acting(actor), given_reason(reason), back=back))
    if as_json:
        typer.echo(json.dumps({"projection": name, "before": before.number, "live": live.number}))
    else:
        typer.echo(
            f"{name}: generation {live.number} is live; before it was {before.number}. "
            f"Back: annals projections switch {name} --back --reason ..."
        )


async def _listings() -> "list[GenerationListing]":
    from workers.operations.generations.listing import listed

    async with _opened() as (ports, _):
        return await listed(ports, _projections().values())


async def _rebuild(name: str, *, fresh: bool, show_progress: bool) -> tuple[int, int]:
    from workers.operations.generations.building import build, next_generation, records_to_read

    projection = _projections()[name]
    async with _opened() as (ports, _):
        generation = await next_generation(ports, projection, fresh=fresh)
        records = await records_to_read(ports, projection, generation)
        with _progress("building", records, show_progress) as advance:
            return generation.number, await build(ports, projection, generation, advance)


async def _compare(name: str, samples: int, *, show_progress: bool) -> "Comparison":
    from workers.operations.generations.comparing import compare
    from workers.operations.generations.switching import candidate

    projection = _projections()[name]
    async with _opened() as (ports, _):
        built = await candidate(ports, projection)
        live = await ports.generations.live(name)
        documents = (await ports.generations.status(live, [])).documents
        with _progress("comparing", documents, show_progress) as advance:
            return await compare(ports, projection, live, built, samples=samples, advance=advance)


async def _switch(name: str, actor: str, reason: Reason, *, back: bool) -> "Switch":
    from infra.postgres.interventions import PostgresInterventions
    from workers.operations.generations.switching import switch
    from workers.operations.interventions import Operator

    async with _opened(role="annals_audit") as (ports, database):
        operator = Operator(PostgresInterventions(database), actor, reason)
        return await switch(ports, operator, _projections()[name], back=back)


@asynccontextmanager
async def _opened(*, role: str = "annals_reader") -> "AsyncIterator[tuple[GenerationPorts, Database]]":
    """The ports, with the database in this role. Raises CommandRefused if the operation is refused."""
    from infra.cli.table import event_table
    from infra.locating import located
    from infra.processes.generations import open_generation_ports
    from workers.operations.generations.building import BuildConflict
    from workers.operations.generations.switching import NothingToSwitchTo
    from workers.ports.generations import SwitchConflict

    settings = located(Settings())
    async with event_table(settings, role=role) as database, open_generation_ports(settings, database) as ports:
        try:
            yield ports, database
        except (NothingToSwitchTo, BuildConflict, SwitchConflict) as error:
            raise CommandRefused(str(error)) from error


@contextmanager
def _progress(what: str, total: int, shown: bool) -> "Iterator[Advance]":
    from infra.cli.drawing import progress_bar

    with progress_bar(shown=shown) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


def _show(comparison: "Comparison") -> None:
    typer.echo(f"{comparison.same:>12,}  the same")
    for text, count in (
        ("differ", comparison.different),
        ("only in the live generation", comparison.only_in_live),
        ("only in the new generation", comparison.only_in_built),
    ):
        if count:
            typer.echo(f"{count:>12,}  {text}")
    for field, count in comparison.fields.items():
        typer.echo(f"{count:>12,}    in {field}")
    for difference in comparison.samples:
        typer.echo(f"  {difference.document_id}")
        for field, (live, built) in difference.fields().items():
            typer.echo(f"    {field}: {json.dumps(live)} → {json.dumps(built)}")
    if comparison.agree:
        typer.echo("the two generations agree")


def _sample(difference: "Difference") -> dict[str, Any]:
    return {"document_id": difference.document_id, "fields": difference.fields()}


def _projections() -> dict[str, Projection]:
    return {
        projection.name: projection
        for context in chosen_contexts(Settings()).values()
        for projection in context.projections
    }
