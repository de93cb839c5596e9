"""Counts who still sends commands that are deprecated, so that operators know when one can be removed.

A label for each source would be unbounded, as a sender chooses it: the first sources have their own, all others share
one.
"""

from collections.abc import Iterable, Mapping

from contracts.message import Command
from workers import telemetry
from workers.command.reading import Request

MAX_SOURCES = 50
MAX_SOURCE_CHARACTERS = 200
OTHER = "other"


class Sources:
    """The sources that have a label of their own; those of one process."""

    def __init__(self, most: int = MAX_SOURCES) -> None:
        self._most = most
        self._labels: set[str] = set()

    def label(self, source: str) -> str:
        """The source itself, or `other` when there are too many, or it is too long."""
        if source in self._labels:
            return source
        if len(self._labels) >= self._most or len(source) > MAX_SOURCE_CHARACTERS:
            return OTHER
        self._labels.add(source)
        return source


SOURCES = Sources()


class DeprecatedCommands:
    """The deprecated ones of some commands."""

    def __init__(self, commands: Mapping[str, type[Command]], sources: Sources = SOURCES) -> None:
        self._types = frozenset(type_ for type_, model in commands.items() if model.deprecation is not None)
        self._sources = sources

    def __bool__(self) -> bool:
        return bool(self._types)

    def count(self, requests: Iterable[Request]) -> None:
        """Count the requests that are deprecated commands, repeats and rejected ones included."""
        for request in requests:
            if request.envelope.type in self._types:
                source = self._sources.label(request.envelope.source)
                telemetry.DEPRECATED_COMMANDS.labels(request.envelope.type, source).inc()
