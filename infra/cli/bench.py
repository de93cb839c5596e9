"""`annals bench`: measures this machine, on the servers that the settings name or that `annals up` runs."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.settings import Settings

if TYPE_CHECKING:
    from infra.measuring.bench.run import Plan, Result

app = typer.Typer(pretty_exceptions_enable=False)


class Part(StrEnum):
    """The parts that can be left out."""

    commands = "commands"
    latency = "latency"
    orders = "orders"


@app.command()
def bench(
    commands: Annotated[int, typer.Option(min=20_000, max=5_000_000, help="Commands to handle.")] = 100_000,
    rate: Annotated[int, typer.Option(min=1, max=20_000, help="Commands a second for the latency.")] = 500,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to measure each latency.")] = 10.0,
    orders: Annotated[int, typer.Option(min=100, max=1_000_000, help="Orders to settle.")] = 2000,
    order_rate: Annotated[float, typer.Option(min=0.1, max=10_000, help="Orders a second for their latency.")] = 10.0,
    skip: Annotated[list[Part] | None, typer.Option(help="Leave this part out; can be given twice.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Commands and projected events a second with one worker each, their CPU, and the latency at a steady rate; then
    the whole path of orders, from placed to paid, through one worker of each role.

    Uses a database and topics of its own and deletes them afterwards. Other workers share the machine: stop them to
    get figures that can be compared.
    """
    import uvloop

    from infra.locating import located
    from infra.measuring.bench.run import Plan, measure
    from infra.telemetry.logs import quiet_for_a_command

    parts = frozenset(Part) - frozenset(skip or ())
    if not parts:
        raise typer.BadParameter("nothing is left to measure")
    quiet_for_a_command()
    settings = located(Settings())

    def say(what: str) -> None:
        if not as_json:
            typer.echo(f"… {what}", err=True)

    plan = Plan(commands, rate, seconds, orders, order_rate, frozenset(part.value for part in parts))
    result = uvloop.run(measure(settings, plan, say))
    if as_json:
        plain = _plain(result)
        typer.echo(json.dumps({**plain, **(plain.pop("raw") or {})}, indent=2))
    else:
        _show(result, plan)


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return round(value, 2) if isinstance(value, float) else value


def _show(result: "Result", plan: "Plan") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="annals bench", caption=result.machine)
    for heading in ("what", "a second", "CPU each", "of the raw rate"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for row in _rows(result):
        table.add_row(*row)
    console = Console()
    console.print(table)
    if result.latency is not None:
        latency = result.latency
        console.print(
            f"latency at {plan.latency_per_second} commands/s: p50 {latency.p50:.1f} ms, p99 {latency.p99:.1f} ms, "
            f"highest {latency.highest:.1f} ms; {latency.answered:,} answered, {latency.unanswered} not"
        )
    if result.orders is not None:
        confirmation = result.orders.confirmation
        console.print(
            f"from OrderPlaced to OrderConfirmed at {plan.orders_per_second:g} orders/s: "
            f"p50 {confirmation.p50:.1f} ms, p99 {confirmation.p99:.1f} ms, highest {confirmation.highest:.1f} ms; "
            f"{confirmation.orders:,} orders"
        )


def _rows(result: "Result") -> Iterator[tuple[str, str, str, str]]:
    raw = result.raw
    if raw is not None:
        yield "raw: Kafka append, one partition", f"{raw.kafka_append:,.0f}", "", ""
        yield "raw: Postgres insert, one connection", f"{raw.postgres_insert:,.0f}", "", ""
        yield "raw: Redis set, one connection", f"{raw.redis_set:,.0f}", "", ""
        for what, measured, rate in (
            ("commands through table, log and reply", result.commands, raw.postgres_insert),
            ("events into the read model", result.projected, raw.redis_set),
        ):
            if measured is not None:
                share = f"{measured.per_second / rate:.0%}"
                yield what, f"{measured.per_second:,.0f}", f"{measured.cpu_microseconds:.1f} µs", share
    if result.orders is not None:
        burst = result.orders.burst
        yield (
            "orders settled: placed, confirmed, paid",
            f"{burst.per_second:,.1f}",
            _milliseconds(burst.cpu_microseconds),
            "",
        )
        for role, cpu in burst.cpu_by_role.items():
            yield f"  of which the {role} worker", "", _milliseconds(cpu), ""


def _milliseconds(cpu_microseconds: float) -> str:
    return f"{cpu_microseconds / 1000:.2f} ms"
