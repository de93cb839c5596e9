"""What the demo prints: lines for people, or one JSON object a line for programs."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import typer

from contracts.message import Command
from contracts.outcome import Outcome
from infra.cli.saga_lines import instance_lines
from infra.cli.trace_lines import MARKS, trace_lines
from infra.cli.typed_values import typed
from infra.postgres.saga_instances import ShownInstance

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TIME = slice(11, 23)
"""The part of an RFC 3339 text from hours to milliseconds."""


class DemoOutput:
    """`Narrator` on stdout."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._mismatches = 0

    @property
    def mismatches(self) -> int:
        return self._mismatches

    def scene(self, number: int, title: str) -> None:
        self._print({"kind": "scene", "number": number, "title": title}, typer.style(f"\n{number}. {title}", bold=True))

    def note(self, text: str) -> None:
        self._print({"kind": "note", "text": text}, f"   {text}")

    def command(self, command: Command) -> None:
        self.command_line("annals", "send", *shlex.split(" ".join(typed(command))))

    def command_line(self, *words: str) -> None:
        line = shlex.join(words)
        self._print({"kind": "command", "line": line}, f"   $ {typer.style(line, fg=typer.colors.CYAN)}")

    def outcome(self, outcome: Outcome) -> None:
        plain = {"kind": "outcome", **json.loads(outcome.shown_json())}
        self._print(plain, _marked(plain["handled_at"], outcome.status, outcome.type, outcome.stream_id, _why(plain)))

    def event(self, at: str, type_: str, stream: str, data: Mapping[str, Any]) -> None:
        fields = " ".join(f"{name}={value}" for name, value in data.items() if not isinstance(value, list | dict))
        plain = {"kind": "event", "at": at, "type": type_, "stream": stream, "data": data}
        self._print(plain, f"   {at[TIME]} • {type_:<28} {stream}  {typer.style(fields, dim=True)}")

    def rejected_step(self, at: str, saga: str, type_: str, stream_id: str, status: str, code: str | None) -> None:
        plain = {"kind": "step", "at": at, "saga": saga, "type": type_, "stream_id": stream_id}
        text = _marked(at, status, f"{saga}: {type_}", stream_id, f"{status} {code or ''}")
        self._print(plain | {"status": status, "code": code}, text)

    def notice(self, at: str, instance: str, text: str) -> None:
        self._print(
            {"kind": "notice", "at": at, "instance": instance, "text": text}, f"   {at[TIME]} ⏰ {instance}: {text}"
        )

    def result(self, what: str, actual: str, *, as_told: bool) -> None:
        self._mismatches += not as_told
        mark = typer.style("✔", fg=typer.colors.GREEN, bold=True) if as_told else typer.style("✘", fg=typer.colors.RED)
        verdict = "as told" if as_told else "NOT as told"
        self._print(
            {"kind": "result", "what": what, "found": actual, "as_told": as_told},
            f"   {mark} {what}: {actual}, {verdict}",
        )

    def saga_instance(self, instance: ShownInstance, *, is_ended: bool) -> None:
        self._lines(instance_lines(instance, is_ended))

    def trace(self, document: Mapping[str, Any]) -> None:
        self._lines(trace_lines(document))

    def _lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._print({"kind": "story", "text": COLOUR.sub("", line)}, f"   {line}")

    def _print(self, plain: Mapping[str, Any], text: str) -> None:
        typer.echo(json.dumps(plain, ensure_ascii=False) if self._as_json else text)


def _marked(at: str, status: str, type_: str, stream_id: str, why: str) -> str:
    mark, colour = MARKS[status]
    return f"   {at[TIME]} {typer.style(mark, fg=colour, bold=True)} {type_:<28} {stream_id}  {why}".rstrip()


def _why(plain: Mapping[str, Any]) -> str:
    error = plain["error"]
    return "" if error is None else f"{plain['status']} {error['code']}: {error['message']}"
