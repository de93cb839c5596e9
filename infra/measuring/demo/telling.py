"""What the demo says, for people as lines and for programs as one JSON object a line."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from contracts.message import Command
from contracts.outcome import Outcome
from infra.cli.trace_lines import MARKS
from infra.cli.typed_values import typed

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TIME = slice(11, 23)
"""Of an RFC 3339 text, what changes within a day: hours to milliseconds."""


class Teller:
    """Tells one thing after the other. `wrong` counts what did not come out as told."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self.wrong = 0

    def scene(self, number: int, title: str) -> None:
        """A new part of the story begins."""
        self._tell({"kind": "scene", "number": number, "title": title}, typer.style(f"\n{number}. {title}", bold=True))

    def note(self, text: str) -> None:
        """What the demo itself does, or does not do."""
        self._tell({"kind": "note", "text": text}, f"   {text}")

    def command(self, command: Command) -> None:
        """A command that is about to be sent, as one would type it."""
        self.paste("annals", "send", *shlex.split(" ".join(typed(command))))

    def paste(self, *words: str) -> None:
        """What to type to do, or to see, the same."""
        line = shlex.join(words)
        self._tell({"kind": "command", "line": line}, f"   $ {typer.style(line, fg=typer.colors.CYAN)}")

    def outcome(self, outcome: Outcome) -> None:
        """What became of a command."""
        plain = {"kind": "outcome", **json.loads(outcome.shown_json())}
        self._tell(plain, _marked(plain["handled_at"], outcome.status, outcome.type, outcome.stream_id, _why(plain)))

    def event(self, at: str, type_: str, stream: str, data: Mapping[str, Any]) -> None:
        """An event that came of it, `stream` with its version."""
        told = " ".join(f"{name}={value}" for name, value in data.items() if not isinstance(value, list | dict))
        plain = {"kind": "event", "at": at, "type": type_, "stream": stream, "data": data}
        self._tell(plain, f"   {at[TIME]} • {type_:<28} {stream}  {typer.style(told, dim=True)}")

    def step(self, at: str, saga: str, type_: str, stream_id: str, status: str, code: str | None) -> None:
        """A saga's command that was not accepted."""
        plain = {"kind": "step", "at": at, "saga": saga, "type": type_, "stream_id": stream_id}
        text = _marked(at, status, f"{saga}: {type_}", stream_id, f"{status} {code or ''}")
        self._tell(plain | {"status": status, "code": code}, text)

    def notice(self, at: str, instance: str, text: str) -> None:
        """What a saga heard besides the log."""
        self._tell(
            {"kind": "notice", "at": at, "instance": instance, "text": text}, f"   {at[TIME]} ⏰ {instance}: {text}"
        )

    def result(self, what: str, found: str, *, as_told: bool) -> None:
        """How a part came out."""
        self.wrong += not as_told
        mark = typer.style("✔", fg=typer.colors.GREEN, bold=True) if as_told else typer.style("✘", fg=typer.colors.RED)
        told = "as told" if as_told else "NOT as told"
        self._tell(
            {"kind": "result", "what": what, "found": found, "as_told": as_told}, f"   {mark} {what}: {found}, {told}"
        )

    def story(self, lines: Sequence[str]) -> None:
        """What another command shows."""
        for line in lines:
            self._tell({"kind": "story", "text": COLOUR.sub("", line)}, f"   {line}")

    def _tell(self, plain: Mapping[str, Any], text: str) -> None:
        typer.echo(json.dumps(plain, ensure_ascii=False) if self._as_json else text)


def _marked(at: str, status: str, type_: str, stream_id: str, why: str) -> str:
    mark, colour = MARKS[status]
    return f"   {at[TIME]} {typer.style(mark, fg=colour, bold=True)} {type_:<28} {stream_id}  {why}".rstrip()


def _why(plain: Mapping[str, Any]) -> str:
    error = plain["error"]
    return "" if error is None else f"{plain['status']} {error['code']}: {error['message']}"
