"""What `annals up` and `annals stack run` print: progress, the output of each process with its name, and the table.

Two classes with the same methods: `TextScreen` for people, `JsonScreen` (one JSON object a line) for programs. A closed
terminal stops the printing, never the system.
"""

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.control_characters import in_lines
from infra.devstack.progress import Step

COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
OUR_NAME = "annals"
NAME_WIDTH = 10
USERS = "users"
"""The context that the first command is of."""
ANY_ISSUER = "token=…  # of whoever has the scope users.write"
DEVELOPMENT_ISSUER = "token=$(annals auth token --sub ada --scope users.write)"
JARS_PER_REPORT = 5

Rows = list[tuple[str, str, str]]


class Screen(Protocol):
    """Displays the running system. No method raises because of the terminal."""

    def progress(self, step: Step) -> None:
        """A server's progress on its way up or down."""

    def line(self, name: str, text: str) -> None:
        """One line that a process printed."""

    def say(self, name: str, text: str) -> None:
        """Something that happened to a process."""

    def ready(self, rows: Rows, gateway_url: str | None, *, token: str | None = None, has_users: bool = True) -> None:
        """Everything runs: the processes as (name, purpose, address or pid), where the gateway is, and how a shell gets
        the token that it asks for (None: it asks for none). `has_users`: whether it serves the context users.
        """


class TextScreen:
    """For people: coloured on a terminal, plain text in a file."""

    def __init__(self, output: TextIO | None = None) -> None:
        """`output` is where lines are redrawn and coloured; stdout if there is none."""
        self._console = Console(file=output, highlight=False, markup=False, soft_wrap=True)
        self._colour_of: dict[str, str] = {}

    def progress(self, step: Step) -> None:
        """One line a step; while something is counted, on a terminal the line is redrawn in place."""
        text = step.text
        if step.total:
            if step.done % JARS_PER_REPORT and step.done != step.total and not self._console.is_terminal:
                return
            text = f"{text}, {step.done}/{step.total} jars ({100 * step.done // step.total} %)"
        in_place = bool(step.total) and step.done != step.total and self._console.is_terminal
        self._print(step.server, Text(text, style="dim"), end="\r" if in_place else "\n")

    def line(self, name: str, text: str) -> None:
        """The process's own colours are kept, and no other control character."""
        self._print(name, Text.from_ansi(in_lines(text, may_have_colours=True)))

    def say(self, name: str, text: str) -> None:
        """In bold, so that it stands out from the output."""
        told = in_lines(text)
        self._print(OUR_NAME, Text(told if name == OUR_NAME else f"{name} {told}", style="bold"))

    def ready(self, rows: Rows, gateway_url: str | None, *, token: str | None = None, has_users: bool = True) -> None:
        """The table of processes, the gateway's addresses and a command to begin with."""
        title = "Annals is running" if gateway_url else "The servers are running"
        table = Table(title=title, title_justify="left", title_style="bold")
        for heading in ("process", "does", "where"):
            table.add_column(heading, overflow="fold")
        for name, purpose, where in rows:
            table.add_row(Text(name, style=self._colour(name)), purpose, where)
        with suppress(OSError, ValueError):
            self._console.print(table)
            if gateway_url:
                self._console.print(f"API documents: {gateway_url}/docs")
            if gateway_url and has_users:
                commands = [token, curl(gateway_url, needs_token=True)] if token else [curl(gateway_url)]
                first = "\n".join(f"  {command}" for command in commands)
                self._console.print(f"Make a user:\n\n{first}\n")
            self._console.print("Connection settings: annals stack env    Stop: Ctrl-C, or annals down")

    def _print(self, name: str, text: Text, end: str = "\n") -> None:
        prefix = Text(f"{name.ljust(NAME_WIDTH)} │ ", style=self._colour(name))
        with suppress(OSError, ValueError):
            self._console.print(prefix + text, end=end)

    def _colour(self, name: str) -> str:
        if name not in self._colour_of:
            self._colour_of[name] = COLOURS[len(self._colour_of) % len(COLOURS)]
        return self._colour_of[name]


class JsonScreen:
    """For programs: `{"kind": "progress" | "line" | "event" | "ready", …}`, one object a line."""

    def progress(self, step: Step) -> None:
        """`{"kind": "progress", "name", "text", "done", "total"}`."""
        self._write("progress", {"name": step.server, "text": step.text, "done": step.done, "total": step.total})

    def line(self, name: str, text: str) -> None:
        """`{"kind": "line", "name", "text"}`."""
        self._write("line", {"name": name, "text": text})

    def say(self, name: str, text: str) -> None:
        """`{"kind": "event", "name", "text"}`."""
        self._write("event", {"name": name, "text": text})

    def ready(self, rows: Rows, gateway_url: str | None, *, token: str | None = None, has_users: bool = True) -> None:
        """`{"kind": "ready", "gateway_url", "processes": [{"name", "does", "where"}]}`."""
        processes = [{"name": name, "does": purpose, "where": where} for name, purpose, where in rows]
        self._write("ready", {"gateway_url": gateway_url, "processes": processes})

    def _write(self, kind: str, facts: Mapping[str, Any]) -> None:
        with suppress(OSError, ValueError):
            sys.stdout.write(json.dumps({"kind": kind, **facts}, ensure_ascii=False) + "\n")
            sys.stdout.flush()


def curl(gateway_url: str, *, needs_token: bool = False) -> str:
    """A command that makes a user, ready to paste. `needs_token`: that in $token goes with it."""
    user = '{"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "city": "London"}'
    authorization = '-H "authorization: Bearer $token" ' if needs_token else ""
    return f"curl -i {gateway_url}/users {authorization}-H 'content-type: application/json' -d '{user}'"
