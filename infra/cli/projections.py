"""`annals projections`: the read models' generations: list, rebuild, diff, switch. Queries are answered throughout."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.actor import Actor, acting
from infra.cli.exits import CommandRefused
from infra.settings import Settings
from workers.core.projection import Projection
from workers.domain import contexts
from workers.ports.interventions import Reason

if TYPE_CHECKING:
    from infra.postgres.pool import Database
    from infra.projections.building import Advance, Workshop
    from infra.projections.comparing import Comparison, Difference
    from infra.projections.listing import Listed

SAMPLES = 5
MAX_SAMPLES = 1000

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _known(name: str) -> str:
    if name not in _projections():
        raise typer.BadParameter(f"there is no projection {name}; known: {', '.join(_projections())}")
    return name


Name = Annotated[str, typer.Argument(help="Which projection.", callback=_known)]


@app.callback()
def projections() -> None:
    """The read models: build one anew beside the live one, compare the two, switch to it and back."""
    from infra.telemetry.logs import command_line_logs

    command_line_logs()


@app.command("list")
def list_projections(as_json: AsJson = False) -> None:
    """List the projections and their generations: which is live, how far behind, by which code."""
    rows = asyncio.run(_listed())
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows], indent=2))
        return
    for row in rows:
        role = "live" if row.live else "before" if row.previous else "built"
        code = "" if row.by_this_code else "  BUILT BY OTHER CODE: rebuild, diff, switch"
        waits = f"  {row.parked} parked: annals parked list" if row.parked else ""
        typer.echo(
            f"{row.projection}  generation {row.number}  {role:6}  {row.documents:,} documents  "
            f"{row.behind:,} events behind{waits}{code}"
        )


@app.command()
def rebuild(
    name: Name,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew even if an unfinished build could go on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build a new generation from the log, beside the live one. Can be broken off and run again."""
    number, documents = asyncio.run(_rebuilt(name, fresh=fresh, show_progress=not as_json))
    if as_json:
        typer.echo(json.dumps({"projection": name, "generation": number, "documents": documents}))
    else:
        typer.echo(f"{name}: generation {number} is built, {documents:,} documents; it is not live yet.")
        typer.echo(f"next: annals projections diff {name}, then annals projections switch {name}")


@app.command()
def diff(
    name: Name,
    samples: Annotated[int, typer.Option(min=0, max=MAX_SAMPLES, help="Show so many that differ.")] = SAMPLES,
    as_json: AsJson = False,
) -> None:
    """Compare the live generation with the one that was built. Exit code 1 when any document differs."""
    found = asyncio.run(_compared(name, samples, show_progress=not as_json))
    if as_json:
        shown = [_sample(each) for each in found.samples]
        typer.echo(json.dumps({"agree": found.agree, **found._asdict(), "samples": shown}, indent=2))
    else:
        _show(found)
    raise typer.Exit(0 if found.agree else 1)


@app.command()
def switch(
    name: Name,
    back: Annotated[bool, typer.Option("--back", help="To the generation that was live before.")] = False,
    reason: Annotated[str, typer.Option(help="Why; kept with the switch.")] = "",
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Make the generation that was built the live one, at once for every query and worker."""
    before, now = asyncio.run(_switched(name, back=back, actor=acting(actor), reason=reason))
    if as_json:
        typer.echo(json.dumps({"projection": name, "before": before, "live": now}))
    else:
        typer.echo(
            f"{name}: generation {now} is live; before it was {before}. Back: annals projections switch {name} --back"
        )


async def _listed() -> "list[Listed]":
    from infra.projections.listing import listed

    async with _workshop() as (workshop, database):
        return await listed(workshop, database, _projections().values())


async def _rebuilt(name: str, *, fresh: bool, show_progress: bool) -> tuple[int, int]:
    from infra.projections.building import BuildDisturbed, bring_up_to_date, next_generation, records_to_read

    projection = _projections()[name]
    async with _workshop() as (workshop, _):
        generation = await next_generation(workshop, projection, fresh=fresh)
        try:
            with _progress("building", await records_to_read(workshop, projection, generation), show_progress) as on:
                await bring_up_to_date(workshop, projection, generation, on)
                await bring_up_to_date(workshop, projection, generation)  # what has come meanwhile
        except BuildDisturbed as error:
            raise CommandRefused(str(error)) from error
        return generation.number, (await workshop.generations.status(generation, [])).documents


async def _compared(name: str, samples: int, *, show_progress: bool) -> "Comparison":
    from infra.projections.building import BuildDisturbed
    from infra.projections.comparing import compare
    from infra.projections.switching import NothingToSwitchTo, candidate

    projection = _projections()[name]
    async with _workshop() as (workshop, _):
        try:
            built = await candidate(workshop, projection)
            live = await workshop.generations.live(name)
            total = (await workshop.generations.status(live, [])).documents
            with _progress("comparing", total, show_progress) as on:
                return await compare(workshop, projection, live, built, samples=samples, advance=on)
        except (NothingToSwitchTo, BuildDisturbed) as error:
            raise CommandRefused(str(error)) from error


async def _switched(name: str, *, back: bool, actor: str, reason: str) -> tuple[int, int]:
    from infra.postgres.interventions import PostgresInterventions
    from infra.projections.building import BuildDisturbed
    from infra.projections.switching import NothingToSwitchTo, switch
    from infra.redis.generations import SwitchedMeanwhile

    async with _workshop(role="annals_writer") as (workshop, database):
        try:
            before, now = await switch(workshop, _projections()[name], back=back)
        except (NothingToSwitchTo, BuildDisturbed, SwitchedMeanwhile) as error:
            raise CommandRefused(str(error)) from error
        details = {"before": before.number, "live": now.number}
        await PostgresInterventions(database).record(
            actor, "projection-switch", name, Reason(reason or "none given"), details
        )
        return before.number, now.number


@asynccontextmanager
async def _workshop(*, role: str = "annals_reader") -> "AsyncIterator[tuple[Workshop, Database]]":
    from infra.cli.table import event_table
    from infra.locating import located
    from infra.projections.opening import workshop_on

    settings = located(Settings())
    async with event_table(settings, role=role) as database, workshop_on(settings, database) as workshop:
        yield workshop, database


@contextmanager
def _progress(what: str, total: int, shown: bool) -> "Iterator[Advance]":
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not shown, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


def _show(found: "Comparison") -> None:
    typer.echo(f"{found.same:>12,}  the same")
    for text, count in (
        ("differ", found.different),
        ("only in the live generation", found.only_in_one),
        ("only in the new generation", found.only_in_other),
    ):
        if count:
            typer.echo(f"{count:>12,}  {text}")
    for field, count in found.fields.items():
        typer.echo(f"{count:>12,}    in {field}")
    for each in found.samples:
        typer.echo(f"  {each.document_id}")
        for field, (one, other) in each.fields().items():
            typer.echo(f"    {field}: {json.dumps(one)} → {json.dumps(other)}")
    if found.agree:
        typer.echo("the two generations agree")


def _sample(each: "Difference") -> dict[str, Any]:
    return {"document_id": each.document_id, "fields": each.fields()}


def _projections() -> dict[str, Projection]:
    return {projection.name: projection for context in contexts().values() for projection in context.projections}
