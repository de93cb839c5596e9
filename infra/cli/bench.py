"""`annals bench`: measure this machine, on the servers that the settings name or that `annals up` runs."""

import json
from typing import Annotated, Any

import typer

from infra.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def bench(
    commands: Annotated[int, typer.Option(min=20_000, max=5_000_000, help="Commands to handle.")] = 100_000,
    rate: Annotated[int, typer.Option(min=1, max=20_000, help="Commands a second for the latency.")] = 500,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to measure the latency.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Commands and projected events a second with one worker each, their CPU, and the latency at a steady rate.

    Uses a database and topics of its own and removes them. Workers that run beside it share the machine: stop them
    for figures worth keeping.
    """
    import uvloop

    from infra.bench.run import Plan, measure
    from infra.devstack.addresses import located
    from infra.telemetry.logs import quiet_drivers

    quiet_drivers()
    settings = located(Settings())

    def say(what: str) -> None:
        if not as_json:
            typer.echo(f"… {what}", err=True)

    result = uvloop.run(measure(settings, Plan(commands, rate, seconds), say))
    if as_json:
        typer.echo(json.dumps(_plain(result), indent=2))
    else:
        _show(result, rate)


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(each) for name, each in value._asdict().items()}
    return round(value, 2) if isinstance(value, float) else value


def _show(result: Any, rate: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="annals bench", caption=result.machine)
    for heading in ("what", "a second", "CPU each", "of the raw rate"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_row("raw: Kafka append, one partition", f"{result.kafka_append:,.0f}", "", "")
    table.add_row("raw: Postgres insert, one connection", f"{result.postgres_insert:,.0f}", "", "")
    table.add_row("raw: Redis set, one connection", f"{result.redis_set:,.0f}", "", "")
    for what, measured, raw in (
        ("commands through table, log and reply", result.commands, result.postgres_insert),
        ("events into the read model", result.projected, result.redis_set),
    ):
        share = f"{measured.per_second / raw:.0%}"
        table.add_row(what, f"{measured.per_second:,.0f}", f"{measured.cpu_microseconds:.1f} µs", share)
    console = Console()
    console.print(table)
    latency = result.latency
    console.print(
        f"latency at {rate} commands/s: p50 {latency.p50:.1f} ms, p99 {latency.p99:.1f} ms, "
        f"highest {latency.highest:.1f} ms; {latency.answered:,} answered, {latency.unanswered} not"
    )
