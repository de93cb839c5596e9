"""What the topic `analytics.windows` says, as its records are read one after the other."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import structlog

from contracts.analytics import PublishedPosition, PublishedWindow
from workers.core.analytics import Totals, WindowKey
from workers.core.windows import sum_of

log = structlog.get_logger(__name__)


class WindowSource(Protocol):
    """Where the published windows are read."""

    async def published(self) -> "PublishedWindows":
        """The windows as they were published at most a second ago. Raises Unavailable."""
        ...


class PublishedWindows:
    """The newest record of each key of each partition. `windows` are those of each lane, by partition and the record's
    key; `positions` by context and partition.
    """

    def __init__(self) -> None:
        self.windows: dict[tuple[int, bytes], PublishedWindow] = {}
        self.positions: dict[tuple[str, int], PublishedPosition] = {}
        self._panes: Mapping[WindowKey, Totals] | None = None

    def apply(self, partition: int, key: bytes | None, value: bytes | None) -> None:
        """Apply the next record of a partition. One that Annals has not written is passed over."""
        if key is None:
            return
        self._panes = None
        if value is None:
            self.windows.pop((partition, key), None)
            return
        try:
            if key.endswith(b"/position"):
                position = PublishedPosition.model_validate_json(value)
                self.positions[position.context, partition] = position
            else:
                self.windows[partition, key] = PublishedWindow.model_validate_json(value)
        except ValueError:
            log.warning("a record that is no window was passed over", partition=partition)

    def current(self) -> Iterator[PublishedWindow]:
        """The windows of the builds that the lanes have now: after a lane was begun anew, those of before are gone."""
        for (partition, _), window in self.windows.items():
            position = self.positions.get((window.context, partition))
            if position is None or window.build >= position.build:
                yield window

    def open_windows(self) -> frozenset[WindowKey]:
        """The windows that are not closed in every lane that has them."""
        return frozenset(key_of(window) for window in self.current() if not window.closed)

    def panes(self) -> Mapping[WindowKey, Totals]:
        """The windows of the whole system: the lanes' windows, added."""
        if self._panes is None:  # there may be a hundred thousand windows, and many who ask between two records
            self._panes = sum_of({key_of(window): window.sums} for window in self.current())
        return self._panes


def key_of(window: PublishedWindow) -> WindowKey:
    """Which window it is."""
    return WindowKey(window.series, window.size_seconds, int(window.start.timestamp()))
