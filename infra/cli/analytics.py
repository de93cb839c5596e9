"""`annals analytics`: windows of time, drawn in the terminal, as the analytics workers have published them."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.analytics_rebuild import rebuild
from infra.contexts import chosen_contexts
from infra.settings import Settings
from workers.core.analytics import Metric, Series
from workers.core.windows import SizeMissing, present_of, windows_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from workers.analytics.published import PublishedWindows

USUAL_WINDOWS = 20
FEW_WINDOWS = 5
MAX_WINDOWS = 2000
FOLLOW_SECONDS = 2.0

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def metrics_by_name() -> dict[str, Metric]:
    """Every metric of this installation."""
    return {
        metric.name: metric for context in chosen_contexts(Settings()).values() for metric in context.analytics.metrics
    }


def series_by_name() -> dict[str, Series]:
    """Every series of this installation."""
    return {
        series.name: series for context in chosen_contexts(Settings()).values() for series in context.analytics.series
    }


def _declared(name: str | None) -> str | None:
    if name is not None and name not in metrics_by_name():
        raise typer.BadParameter(f"there is no metric {name}; there are: {', '.join(metrics_by_name())}")
    return name


@app.callback()
def analytics() -> None:
    """Analytics: sums over windows of time, by the time of the events."""
    from infra.telemetry.logs import command_line_logs

    command_line_logs()


app.command()(rebuild)


@app.command()
def show(
    metric: Annotated[
        str | None, typer.Argument(help="Which metric; without it all of them.", callback=_declared)
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_WINDOWS, help="So many windows; usually 20, and 5 of each of all metrics."),
    ] = None,
    window: Annotated[int | None, typer.Option(min=1, help="Seconds that a window is long.")] = None,
    step: Annotated[
        int | None, typer.Option(min=1, help="Seconds from one window to the next: less than --window, and they slide.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Draw again every two seconds, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Draw the last windows of a metric, the newest last; the one under way is among them."""
    if follow and as_json:
        raise typer.BadParameter("--follow draws: leave --json out")
    chosen = [declared for name, declared in metrics_by_name().items() if metric in (None, name)]
    if metric is None and (window or step):
        raise typer.BadParameter("--window and --step are for one metric: name it")

    count = last or (FEW_WINDOWS if metric is None else USUAL_WINDOWS)

    def documents(published: "PublishedWindows") -> list[dict[str, Any]]:
        try:
            return [_document(declared, published, count, window, step) for declared in chosen]
        except SizeMissing as error:
            raise typer.BadParameter(str(error)) from None

    if follow:
        asyncio.run(_follow(documents))
        return
    shown = documents(asyncio.run(_published()))
    if as_json:
        typer.echo(json.dumps(shown if metric is None else shown[0], indent=2))
    else:
        from infra.cli.drawing import console_on_stdout

        console_on_stdout().print(_drawn(shown))


def _document(
    metric: Metric, published: "PublishedWindows", last: int, window: int | None, step: int | None
) -> dict[str, Any]:
    now, series, panes = time.time(), series_by_name(), published.panes()
    length = window or metric.window_seconds
    distance = step or length
    end = -(-int(now) // distance) * distance
    listed = windows_of(metric, series, panes, end - last * distance, end, window=length, step=distance)
    document: dict[str, Any] = {
        "metric": metric.name,
        "title": metric.title,
        "plotted": metric.plotted,
        "window_seconds": length,
        "step_seconds": distance,
        "windows": [{"start": _text(shown.start), "end": _text(shown.end), "values": shown.values} for shown in listed],
    }
    if metric.show_now is not None:
        document["now"] = present_of(metric, series, panes, now)
    return document


def _text(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


async def _published() -> "PublishedWindows":
    from infra.kafka.windows import KafkaWindows
    from infra.locating import located

    windows = KafkaWindows(located(Settings()))
    try:
        return await windows.published()
    finally:
        await windows.stop()


async def _follow(documents: "Callable[[PublishedWindows], list[dict[str, Any]]]") -> None:
    from rich.live import Live

    from infra.cli.drawing import console_on_stdout
    from infra.kafka.windows import KafkaWindows
    from infra.locating import located

    windows = KafkaWindows(located(Settings()))
    try:
        with Live(console=console_on_stdout(), auto_refresh=False) as live:
            while True:
                live.update(_drawn(documents(await windows.published())), refresh=True)
                await asyncio.sleep(FOLLOW_SECONDS)
    finally:
        await windows.stop()


def _drawn(documents: list[dict[str, Any]]) -> "RenderableType":
    from rich.console import Group

    from infra.cli.window_drawing import drawn

    return Group(*(drawn(document) for document in documents))
