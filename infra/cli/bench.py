"""`annals bench`: measures this machine, on servers that the settings name, that `annals up` runs, or of its own."""

import asyncio
import json
import signal
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.settings import Settings

if TYPE_CHECKING:
    from infra.measuring.bench.checkout import Checkout
    from infra.measuring.bench.run import Measured, Plan

app = typer.Typer(pretty_exceptions_enable=False)

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
WIDTH = 120


class Part(StrEnum):
    """What can be measured."""

    commands = "commands"
    orders = "orders"
    latency = "latency"
    reads = "reads"
    idle = "idle"
    flat = "flat"


class Peer(StrEnum):
    """What Annals can be compared with."""

    eventsourcing = "eventsourcing"


DEFAULT_PARTS = (Part.commands, Part.orders, Part.latency, Part.reads, Part.idle)


@app.command()
def bench(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure; all but `flat` unless given.")] = None,
    rounds: Annotated[int, typer.Option(min=1, max=99, help="Medians of so many; idle and flat have one.")] = 3,
    commands: Annotated[int, typer.Option(min=2_000, max=5_000_000, help="Creates, and as many updates.")] = 60_000,
    orders: Annotated[int, typer.Option(min=100, max=1_000_000, help="Orders to settle.")] = 1000,
    seconds: Annotated[
        float | None, typer.Option(min=0.5, max=3600, help="How long each latency and read is measured; 5 and 3.")
    ] = None,
    idle_seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to watch an idle system.")] = 60.0,
    lanes: Annotated[int, typer.Option(min=1, max=200, help="Lanes a context for latency and idle.")] = 24,
    largest: Annotated[
        int,
        typer.Option(min=10_000, max=100_000_000, help="For `flat`: no more rows or events of a stream than these."),
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
    plan = _plan(chosen, rounds, commands, orders, seconds, idle_seconds, lanes, largest, compare)
    measured = _measured(plan, _checkouts(against), quiet=as_json)
    if as_json:
        typer.echo(json.dumps(_as_json(measured, rounds), indent=2))
    else:
        _show(measured)


def _plan(
    parts: Sequence[Part],
    rounds: int,
    commands: int,
    orders: int,
    seconds: float | None,
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
    plan = Plan(names, rounds, commands, orders, latency, idle_seconds=idle_seconds, idle_lanes=lanes)
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


def _measured(plan: "Plan", checkouts: "list[Checkout]", *, quiet: bool) -> "Sequence[Measured]":
    """Measure until the end; a signal ends it early, and everything it has started with it."""
    import uvloop

    from infra.measuring.bench.run import measure

    def say(what: str) -> None:
        if not quiet:
            typer.echo(f"… {what}", err=True)

    async def until_done_or_stopped() -> "Sequence[Measured] | None":
        work, loop = asyncio.ensure_future(measure(Settings(), checkouts, plan, say)), asyncio.get_running_loop()
        stopping = asyncio.Event()

        def stop() -> None:
            if not stopping.is_set():  # once: what cleans up must not be interrupted
                stopping.set()
                typer.echo("asked to end: cleaning up", err=True)
                work.cancel()

        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, stop)
        try:
            return await work
        except asyncio.CancelledError:
            return None

    measured = uvloop.run(until_done_or_stopped())
    if measured is None:
        raise typer.Exit(INTERRUPTED)
    return measured


def _as_json(measured: "Sequence[Measured]", rounds: int) -> dict[str, object]:
    from infra.measuring.bench.medians import plain, ratios
    from infra.measuring.bench.run import machine

    first, *others = (plain(result._asdict()) for result in measured)
    answer = {"machine": machine(), "rounds": rounds, "checkout": first["checkout"]}
    answer |= first["medians"] | {"each_round": first["rounds"]}
    for other in others:
        answer |= {"against": other, "ratios": ratios(first["medians"], other["medians"])}
    return answer


def _show(measured: "Sequence[Measured]") -> None:
    from rich.console import Console
    from rich.table import Table as Drawn

    from infra.measuring.bench.medians import plain, ratios
    from infra.measuring.bench.run import machine
    from infra.measuring.bench.tables import ratio_table, tables

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    shown = [(result.checkout if len(measured) > 1 else "", table) for result in measured for table in tables(result)]
    if len(measured) > 1:
        first, second = measured
        compared = ratios(plain(first.medians), plain(second.medians))
        shown.append(("", ratio_table(compared, first.checkout, second.checkout)))
    for checkout, table in shown:
        drawn = Drawn(title=f"{table.title} {checkout}".strip(), caption=table.note or None)
        for number, heading in enumerate(table.headings):
            drawn.add_column(heading, justify="right" if number else "left")
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
    console.print(machine())
