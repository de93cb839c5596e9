"""The generations of streams as `annals streams` shows them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from workers.core.context import Context
from workers.operations.stream_generations.comparing import StreamComparison
from workers.ports.stream_generations import LiveStreams, StreamGeneration


class Listing(NamedTuple):
    """The copies of one context, and which of its generations is live."""

    context: str
    live: LiveStreams
    generations: Sequence[StreamGeneration]

    def lines(self) -> Iterator[str]:
        """A line for each copy, and for what is still to be done."""
        for generation in self.generations:
            yield (
                f"{self.context}  generation {generation.number}  {self._role(generation.number):6}  "
                f"{sum(generation.copied_to.values()):,} events copied, {generation.changed:,} changed  "
                f"by {generation.transform}"
            )
        if self.live.log_is_due:
            yield f"{self.context}  THE LOG IS NOT RENEWED since the last switch: run annals streams switch again"

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "context": self.context,
            **self.live._asdict(),
            "generations": [
                generation._asdict() | {"begun_at": generation.begun_at.isoformat(), "types": sorted(generation.types)}
                for generation in self.generations
            ],
        }

    def _role(self, number: int) -> str:
        return "live" if number == self.live.number else "before" if number == self.live.previous else "copied"


def comparison_lines(comparison: StreamComparison) -> Iterator[str]:
    """What differs: the events by type, the streams by what they lead to, and some of these streams."""
    yield "events that differ:" if comparison.types else "no event differs"
    for change in comparison.types:
        to_type = "" if change.from_type == change.to_type else f" → {change.to_type}"
        yield f"{change.events:>12,}  {change.from_type}{to_type}"
    if comparison.types:
        yield "streams with such events:"
    for text, count in (
        ("lead to the same state", comparison.same),
        ("lead to another state", comparison.different),
        ("CANNOT BE READ OR APPLIED", comparison.broken),
    ):
        if count:
            yield f"{count:>12,}  {text}"
    for field, count in comparison.fields.items():
        yield f"{count:>12,}    in {field}"
    for difference in comparison.samples:
        yield f"  {difference.stream_id}{': ' + difference.problem if difference.problem else ''}"
        for field, (live, copied) in difference.fields.items():
            yield f"    {field}: {json.dumps(live)} → {json.dumps(copied)}"


def comparison_object(comparison: StreamComparison) -> dict[str, Any]:
    """For JSON."""
    return {
        "agree": comparison.agree,
        **comparison._asdict(),
        "types": [change._asdict() for change in comparison.types],
        "samples": [difference._asdict() for difference in comparison.samples],
    }


def next_steps(context: str, contexts: Iterable[Context]) -> list[str]:
    """The commands that make anew what was made of the events of a context."""
    contexts = list(contexts)
    projections = [
        projection.name
        for declared in contexts
        for projection in declared.projections
        if context in {projection.context, *(section.context for section in projection.sections)}
    ]
    has_windows = any(declared.analytics.series for declared in contexts)
    return [
        *(f"annals projections rebuild {name}, diff {name}, switch {name}" for name in projections),
        *(["annals analytics rebuild --reason ..."] if has_windows else []),
        "annals verify",
    ]
