"""Whether the versions of streams follow one another."""

from workers.ports.event_store import EventRow


class Versions:
    """Takes events, each stream's together and in order; `gaps` are the places before which a version lacks."""

    def __init__(self) -> None:
        self.gaps: list[str] = []
        self._stream: tuple[str, int] = ("", 0)

    def apply(self, row: EventRow) -> None:
        stream_id, before = self._stream
        if row.stream_version != (before if stream_id == row.stream_id else 0) + 1:
            self.gaps.append(f"{row.context} {row.stream_id}@{row.stream_version}")
        self._stream = (row.stream_id, row.stream_version)
