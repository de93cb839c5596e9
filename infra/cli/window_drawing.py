"""Windows as tables for the terminal: a bar for each number, in proportion to the largest of its column."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

BAR_CELLS = 8
BLOCKS = " ▏▎▍▌▋▊▉█"
MAX_COLUMNS = 6


def drawn(document: Mapping[str, Any]) -> RenderableType:
    """A metric as `annals analytics show --json` has it."""
    windows: Sequence[Mapping[str, Any]] = document["windows"]
    length = document["window_seconds"]
    span = f"{length // 3600} h" if length % 3600 == 0 else f"{length // 60} min"
    title = f"{document['title']}  (annals analytics show {document['metric']}: windows of {span}, UTC)"
    parts: list[RenderableType] = [Text(title, style="bold")]
    if "now" in document:
        counts = ", ".join(f"{name} {value}" for name, value in _flat(document["now"]))
        parts.append(Text(f"now: {counts}".replace("by_age ", "").replace("_", " ")))
    fields = list(dict.fromkeys(field for window in windows for field, _ in _flat(window["values"])))[:MAX_COLUMNS]
    if not fields:
        return Group(*parts, Text("nothing yet"), Text(""))
    table = Table(box=None, pad_edge=False, show_edge=False)
    for title in ("from", *fields):
        table.add_column(title.replace("_seconds", " s").replace("_", " "), no_wrap=True)
    rows = [dict(_flat(window["values"])) for window in windows]
    largest = {field: max((_number(row.get(field)) for row in rows), default=0.0) for field in fields}
    for window, row in zip(windows, rows, strict=True):
        plotted = document["plotted"] or fields
        cells = [_cell(row.get(field), largest[field] if field in plotted else 0.0) for field in fields]
        table.add_row(window["start"][8:16].replace("T", " "), *cells)
    return Group(*parts, table, Text(""))


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """The values with those of inner objects; of a list the first member, which is the largest."""
    flat: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat += _flat(value, f"{prefix}{name} ")
        elif isinstance(value, list):
            flat.append((prefix + name, ", ".join(" ".join(map(str, member.values())) for member in value[:3])))
        else:
            flat.append((prefix + name, value))
    return flat


def _cell(value: Any, largest: float) -> str:
    if value is None:
        return "-"
    number = _number(value)
    return f"{value} {_bar(number / largest)}" if largest and number else str(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _bar(share: float) -> str:
    eighths = max(round(share * BAR_CELLS * 8), 1)
    full, rest = divmod(eighths, 8)
    return "█" * full + (BLOCKS[rest] if rest else "")
