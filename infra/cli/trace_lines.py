"""A trace as lines for people: a tree, each node with the time since the first node and a mark for its outcome.

Beyond some depth the lines are not indented further and show their depth as a number: an order of a hundred lines would
not fit the screen.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer

MAX_INDENTED_DEPTH = 16

MARKS: Mapping[str, tuple[str, str]] = {
    "accepted": ("✔", typer.colors.GREEN),
    "rejected": ("✘", typer.colors.YELLOW),
    "failed": ("✘", typer.colors.RED),
    "pending": ("…", typer.colors.CYAN),
    "unknown": ("?", typer.colors.CYAN),
}
NOTICE_MARKS: Mapping[str, str] = {"DeadlinePassed": "⏰", "StepRejected": "↩", "StepUnchanged": "≡"}


def trace_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a trace's document (workers/history/document.py)."""
    nodes: Sequence[Mapping[str, Any]] = document["nodes"]
    began_at = _time(document["began_at"])
    yield f"{document['correlation_id']}, {_summary(document, nodes)}"
    for node, rails in zip(nodes, _rails(nodes), strict=True):
        yield f"{_elapsed(node, began_at):>9}  {rails}{_text(node)}"
    for kind in document["cut"]:
        yield f"Only the earliest {kind} are shown; --limit shows more."


def _summary(document: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> str:
    counts = {kind: sum(node["kind"] == kind for node in nodes) for kind in ("command", "event", "saga")}
    parts = [f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items() if count]
    if document["pending"]:
        parts.append(f"{document['pending']} pending")
    seconds = (_time(document["ended_at"]) - _time(document["began_at"])).total_seconds()
    return f"{', '.join(parts)}, began {document['began_at']}, took {seconds:.3f} s"


def _rails(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The prefix of each node: the lines that lead to it from its ancestors. Built from the end, where it is clear
    whether another sibling follows.
    """
    rails: list[str] = []
    follows: set[int] = set()  # the depths at which a later line has a node of the same parent
    for node in reversed(nodes):
        depth: int = node["depth"]
        follows -= {deeper for deeper in follows if deeper > depth}
        if depth > MAX_INDENTED_DEPTH:
            rails.append(f"{'   ' * MAX_INDENTED_DEPTH}({depth}) ")
        elif depth:
            before = "".join("│  " if level in follows else "   " for level in range(1, depth))
            rails.append(f"{before}{'├─ ' if depth in follows else '└─ '}")
        else:
            rails.append("")
        follows.add(depth)
    return rails[::-1]


def _text(node: Mapping[str, Any]) -> str:
    match node["kind"]:
        case "command":
            mark, colour = MARKS[node["status"]]
            step = f"{node['step']['saga']} · {node['step']['name']}: " if "step" in node else ""
            text = f"{typer.style(mark, fg=colour, bold=True)} {step}{node['type']} {node['stream_id']}"
            if node["status"] != "accepted":
                text += f"  {node['status']}"
            if "error" in node:
                text += f" {node['error']['code']}: {node['error']['message']}"
        case "event":
            text = f"• {node['type']} {node['stream_id']}@{node['stream_version']}"
        case "saga":
            text = f"⚙ saga {node['type']} {node['instance_id']}: {node['status']}"
        case _:
            data = " ".join(f"{name}={value}" for name, value in node["data"].items())
            name = node["type"].split(".")[1]
            text = f"{NOTICE_MARKS.get(name, '!')} {name} {data}"
    return text if node.get("actor") is None else f"{text}  by {node['actor']}"


def _elapsed(node: Mapping[str, Any], began_at: datetime) -> str:
    return "" if node["at"] is None else f"+{(_time(node['at']) - began_at).total_seconds():.3f}s"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
