"""Where the demo shows what it does and what it sees."""

from collections.abc import Mapping
from typing import Any, Protocol

from contracts.message import Command
from contracts.outcome import Outcome
from infra.postgres.saga_instances import ShownInstance


class Narrator(Protocol):
    """Shows one thing after another: as lines for people, or as JSON for programs. Times are RFC 3339 texts."""

    @property
    def mismatches(self) -> int:
        """How many results differed from what the demo had announced."""
        ...

    def scene(self, number: int, title: str) -> None:
        """A new part of the demo begins."""
        ...

    def note(self, text: str) -> None:
        """What the demo itself does, or leaves out."""
        ...

    def command(self, command: Command) -> None:
        """A command that is about to be sent."""
        ...

    def command_line(self, *words: str) -> None:
        """What to type to get the same."""
        ...

    def outcome(self, outcome: Outcome) -> None:
        """The outcome of a command."""
        ...

    def event(self, at: str, type_: str, stream: str, data: Mapping[str, Any]) -> None:
        """An event that followed; `stream` includes its version."""
        ...

    def rejected_step(self, at: str, saga: str, type_: str, stream_id: str, status: str, code: str | None) -> None:
        """A saga's command that was not accepted."""
        ...

    def notice(self, at: str, instance: str, text: str) -> None:
        """An internal event of a saga, such as a deadline that passed."""
        ...

    def result(self, what: str, actual: str, *, as_told: bool) -> None:
        """The result of a part, and whether it is what the demo had announced."""
        ...

    def saga_instance(self, instance: ShownInstance, *, is_ended: bool) -> None:
        """An instance of a saga, as `annals sagas show` shows it."""
        ...

    def trace(self, document: Mapping[str, Any]) -> None:
        """A trace's document, as `annals trace` shows it."""
        ...
