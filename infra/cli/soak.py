"""`annals soak`: load with random faults on servers of its own, and a table. Exit code 1 when anything went wrong."""

import asyncio
import json
import secrets
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.measuring.soak.fault_plan import FAMILIES, Kind, kinds_of
from infra.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress

    from infra.measuring.soak.fault_sequence import SoakPlan
    from infra.measuring.soak.report import Report

app = typer.Typer(pretty_exceptions_enable=False)

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@app.command()
def soak(
    minutes: Annotated[float, typer.Option(min=0.1, max=10_000, help="How long.")] = 20.0,
    rate: Annotated[float, typer.Option(min=1, max=5_000, help="Commands a second.")] = 200.0,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed of an earlier run, to repeat its faults.")] = None,
    faults: Annotated[str, typer.Option(help="What may fail, separated by commas; empty: load only.")] = ",".join(
        FAMILIES
    ),
    workers: Annotated[int, typer.Option(min=2, max=20, help="Workers of each role.")] = 2,
    quiet: Annotated[float, typer.Option(min=0, max=3600, help="Mean seconds between two faults.")] = 8.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
) -> None:
    """Load with random faults for a given time, then an audit, then a table: recoveries, lost, repeated, slopes.

    Starts Kafka, Postgres, Redis and workers of its own in a temporary folder, which stays when anything went wrong.
    Continues until each kind of fault has been injected once. Ctrl-C ends it early; the table shows what there was.
    """
    import uvloop

    from infra.measuring.soak.fault_sequence import SoakPlan
    from infra.measuring.soak.isolated_servers import new_home
    from infra.telemetry.logs import command_line_logs

    command_line_logs()
    chosen = secrets.randbelow(2**31) if seed is None else seed
    plan = SoakPlan(minutes * 60, rate, workers, _kinds(faults), quiet, chosen)
    home = new_home()
    report = uvloop.run(_run(plan, home))
    if report.wrong:
        typer.echo(f"the logs of this run are in {home / 'log'}", err=True)
    else:
        shutil.rmtree(home, ignore_errors=True)
    _print(report, as_json=as_json, as_markdown=as_markdown)
    raise typer.Exit(1 if report.wrong else 0)


def _kinds(faults: str) -> tuple[Kind, ...]:
    named = [name.strip() for name in faults.split(",") if name.strip()]
    unknown = [name for name in named if name not in FAMILIES]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: not among {', '.join(FAMILIES)}", param_hint="--faults")
    return kinds_of(list(dict.fromkeys(named)))


class _ProgressScreen:
    """A progress bar on stderr, and a line for each fault above it."""

    def __init__(self, progress: "Progress", seconds: float) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=seconds)

    def activity(self, text: str) -> None:
        self._progress.update(self._task, description=text)

    def event(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def elapsed(self, seconds: float) -> None:
        self._progress.update(self._task, completed=seconds)


async def _run(plan: "SoakPlan", home: Path) -> "Report":
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

    from infra.cli.drawing import progress_bar
    from infra.measuring.soak.run import soak as run_soak

    stopping, loop, this = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()
    assert this is not None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with progress_bar(*columns) as progress:
        screen = _ProgressScreen(progress, plan.seconds)

        def on_signal() -> None:
            if stopping.is_set():
                this.cancel()
            screen.event("asked to end: load and faults stop, the audit follows; once more to give up")
            stopping.set()

        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, on_signal)
        return await run_soak(plan, Settings(), home, screen, stopping)


def _print(report: "Report", *, as_json: bool, as_markdown: bool) -> None:
    from infra.measuring.soak.tables import markdown

    if as_json:
        typer.echo(json.dumps(report.plain(), indent=2))
    elif as_markdown:
        typer.echo(markdown(report))
    else:
        _draw(report)
    if not as_json:
        for example in [*report.audit.examples, *report.findings, *map(str, report.unexpected_exits)]:
            typer.echo(example, err=True)
        typer.echo(f"WRONG: {'; '.join(report.wrong)}" if report.wrong else "nothing lost, repeated or wrong", err=True)


def _draw(report: "Report") -> None:
    from rich.table import Table

    from infra.cli.drawing import console_on_stdout
    from infra.measuring.soak.tables import tables

    console = console_on_stdout()
    for table in tables(report):
        drawn = Table(title=table.title, caption=table.note or None)
        for number, heading in enumerate(table.headings):
            drawn.add_column(heading, justify="right" if number else "left")
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
