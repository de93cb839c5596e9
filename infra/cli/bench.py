"""`annals bench`: measures this machine, on servers that the settings name, that `annals up` runs, or of its own."""

import asyncio
import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.stop_signals import on_stop_signals
from infra.settings import Settings

if TYPE_CHECKING:
    from infra.measuring.bench.checkout import Checkout
    from infra.measuring.bench.run import Measured, Plan, Run

app = typer.Typer(pretty_exceptions_enable=False)

INTERRUPTED = 130
WIDTH = 120


class Part(StrEnum):
    """What can be measured."""

    commands = "commands"
    orders = "orders"
    latency = "latency"
    reads = "reads"
    idle = "idle"
    identity = "identity"
    flat = "flat"


class Peer(StrEnum):
    """What Annals can be compared with."""

    eventsourcing = "eventsourcing"


DEFAULT_PARTS = (Part.commands, Part.orders, Part.latency, Part.reads, Part.idle)


@app.command()
def bench(
    parts: Annotated[
        list[Part] | None, typer.Argument(help="What to measure; all but `identity` and `flat` unless given.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=99, help="Medians of so many; idle and flat have one.")] = 3,
    commands: Annotated[int, typer.Option(min=20_000, max=5_000_000, help="Creates, and as many updates.")] = 60_000,
    orders: Annotated[int, typer.Option(min=100, max=1_000_000, help="Orders to settle.")] = 1000,
    seconds: Annotated[
        float | None, typer.Option(min=0.5, max=3600, help="How long each latency and read is measured; 5 and 3.")
    ] = None,
    settle_seconds: Annotated[
        float, typer.Option(min=0, max=3600, help="How long an idle system has run before; Kafka compiles for minutes.")
    ] = 60.0,
    idle_seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to watch an idle system.")] = 60.0,
    lanes: Annotated[int, typer.Option(min=1, max=200, help="Lanes a context for latency and idle.")] = 24,
    largest: Annotated[
        int,
        typer.Option(min=10_000, max=10_000_000, help="For `flat`: no more rows or events of a stream than these."),
    ] = 10_000_000,
    compare: Annotated[Peer | None, typer.Option(help="Run this peer in the same run.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="Another checkout with its own .venv, measured in turn with this one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Commands, orders, latency, reads and idle cost of one worker of each role, beside the raw limits of the run.

    Uses databases, topics and Redis keys of its own and deletes them afterwards. Without running servers it starts
    its own. Other work shares the machine: stop it to get figures that can be compared; ratios within a run hold.
    """
    from infra.telemetry.logs import quiet_for_a_command

    quiet_for_a_command()
    chosen = tuple(parts or DEFAULT_PARTS)
    plan = _plan(chosen, rounds, commands, orders, seconds, settle_seconds, idle_seconds, lanes, largest, compare)
    _measure(plan, _checkouts(against), as_json=as_json)


def _plan(
    parts: Sequence[Part],
    rounds: int,
    commands: int,
    orders: int,
    seconds: float | None,
    settle_seconds: float,
    idle_seconds: float,
    lanes: int,
    largest: int,
    compare: Peer | None,
) -> "Plan":
    from infra.measuring.bench.latency.run import LatencyPlan
    from infra.measuring.bench.peer.run import PeerNotInstalled, require_peer
    from infra.measuring.bench.run import Plan

    names = [part.value for part in parts]
    if compare is not None:
        names.append("peer")
        try:
            require_peer()
        except PeerNotInstalled as error:
            raise typer.BadParameter(str(error), param_hint="--compare") from error
    latency = LatencyPlan(lanes=lanes) if seconds is None else LatencyPlan(lanes=lanes, seconds=seconds)
    plan = Plan(
        names,
        rounds,
        commands,
        orders=orders,
        latency=latency,
        settle_seconds=settle_seconds,
        idle_seconds=idle_seconds,
        idle_lanes=lanes,
    )
    plan = plan._replace(flat=plan.flat.up_to(largest)._replace(commands=min(commands, plan.flat.commands)))
    return plan if seconds is None else plan._replace(read_seconds=seconds)


def _checkouts(against: Path | None) -> "list[Checkout]":
    from infra.measuring.bench.checkout import UnusableCheckout, other_checkout, this_checkout

    if against is None:
        return [this_checkout()]
    try:
        return [this_checkout(), other_checkout(against)]
    except UnusableCheckout as error:
        raise typer.BadParameter(str(error), param_hint="--against") from error


def _measure(plan: "Plan", checkouts: "list[Checkout]", *, as_json: bool) -> None:
    """Measure until the end and print it. A signal or a failure ends it early, and everything it has started with it;
    what was measured until then is printed all the same.
    """
    import uvloop

    from infra.measuring.bench.run import Run

    run = Run(checkouts, plan)

    def say(what: str) -> None:
        if not as_json:
            typer.echo(f"… {what}", err=True)

    async def is_completed() -> bool:
        work = asyncio.ensure_future(run.measure(Settings(), say))
        stopping = asyncio.Event()

        def stop() -> None:
            if not stopping.is_set():  # once: what cleans up must not be interrupted
                stopping.set()
                typer.echo("asked to end: cleaning up", err=True)
                work.cancel()

        on_stop_signals(stop)
        try:
            await work
        except asyncio.CancelledError:
            return False
        return True

    completed = False
    try:
        completed = uvloop.run(is_completed())
    finally:
        _print(run, plan.rounds, completed=completed, as_json=as_json)
    if not completed:
        raise typer.Exit(INTERRUPTED)


def _print(run: "Run", rounds: int, *, completed: bool, as_json: bool) -> None:
    measured = run.measured()
    if not any(result.medians for result in measured):
        return
    if as_json:
        typer.echo(json.dumps(_as_json(measured, rounds) | {"completed": completed}, indent=2))
    else:
        _show(measured)
    if not completed:
        typer.echo("stopped early: these are only the rounds that were completed", err=True)


def _as_json(measured: "Sequence[Measured]", rounds: int) -> dict[str, object]:
    from infra.measuring.bench.medians import plain
    from infra.measuring.bench.run import machine, ratios_of

    first, *others = (plain(result._asdict()) for result in measured)
    answer = {"machine": machine(), "rounds": rounds, "checkout": first["checkout"]}
    answer |= first["medians"] | {"each_round": first["rounds"]}
    for number, other in enumerate(others, 1):
        answer |= {"against": other, "ratios": plain(ratios_of(measured[0], measured[number]))}
    return answer


def _show(measured: "Sequence[Measured]") -> None:
    from rich.table import Table as Drawn

    from infra.cli.drawing import console_on_stdout
    from infra.measuring.bench.run import machine, ratios_of
    from infra.measuring.bench.tables import ratio_table, tables

    console = console_on_stdout()
    if not console.is_terminal:
        console = console_on_stdout(width=WIDTH)
    shown = [(result.checkout if len(measured) > 1 else "", table) for result in measured for table in tables(result)]
    if len(measured) > 1:
        first, second = measured
        shown.append(("", ratio_table(ratios_of(first, second), first.checkout, second.checkout)))
    for checkout, table in shown:
        drawn = Drawn(title=f"{table.title} {checkout}".strip(), caption=table.note or None)
        for number, heading in enumerate(table.headings):
            drawn.add_column(heading, justify="right" if number else "left")
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
    console.print(machine())
