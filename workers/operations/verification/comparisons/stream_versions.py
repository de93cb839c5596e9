"""Whether the versions of streams follow one another."""

from workers.ports.event_store import EventRow


class StreamVersions:
    """Takes events, each stream's together and in order. `gaps` are the events before which a version is missing."""

    def __init__(self) -> None:
        self.gaps: list[str] = []
        self._stream: tuple[str, int] = ("", 0)

    def apply(self, row: EventRow) -> None:
        stream_id, version_before = self._stream
        if row.stream_version != (version_before if stream_id == row.stream_id else 0) + 1:
            self.gaps.append(f"{row.context} {row.stream_id}@{row.stream_version}")
        self._stream = (row.stream_id, row.stream_version)
