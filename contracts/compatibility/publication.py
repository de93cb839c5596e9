"""What was published once, held against what is declared now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from contracts.compatibility.advice import declare_again, declare_anew
from contracts.compatibility.rules import command_breaks, event_breaks
from contracts.compatibility.variants import Schema
from contracts.envelope import MalformedMessage
from contracts.message import Event, Message
from contracts.stored_events import StoredEvents

SampleName = tuple[str, str]
"""The wire type that a golden sample is of, and the name of its file."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The schemas by wire type, the golden samples, and the schemas of the states of sagas by name."""

    schemas: Mapping[str, Schema] = field(default_factory=dict)
    samples: Mapping[SampleName, bytes] = field(default_factory=dict)
    states: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Break:
    """A message, or the state of a saga, that does not fit what was published of it: why, and what to do."""

    type: str
    reasons: tuple[str, ...]
    advice: str

    def __str__(self) -> str:
        return "\n".join([*(f"{self.type}: {reason}." for reason in self.reasons), self.advice])

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"type": self.type, "reasons": list(self.reasons), "advice": self.advice}


def breaks(
    published: Publication,
    models: Mapping[str, type[Message]],
    schemas: Mapping[str, Schema],
    today: date | None = None,
) -> list[Break]:
    """The messages whose declaration of now does not fit what was published of them, by wire type.

    `schemas` are those of the `models`. A message that was not published yet fits always; and so does a command that is
    gone, if it was published that it would be removed by `today`.
    """
    sampled = {type_ for type_, _ in published.samples}
    result = []
    for type_, before in sorted(published.schemas.items()):
        model = models.get(type_)
        if model is None and _was_to_go(before, today):
            continue
        if model is None:
            why = "is stored for ever" if type_ in sampled else "may be stored, or still be sent"
            reason = f"it {why}, and is not declared any more"
            result.append(Break(type_, (reason,), declare_again(type_, stored=type_ in sampled)))
            continue
        compare = event_breaks if issubclass(model, Event) else command_breaks
        reasons = compare(before, schemas[type_])
        if reasons:
            advice = declare_anew(model, models.values(), before, schemas[type_])
            result.append(Break(type_, tuple(reasons), advice))
    return result


def _was_to_go(before: Schema, today: date | None) -> bool:
    """Whether the schema said that the command would be removed by that day. Only commands can say so."""
    removed_on = before.get("x-deprecation", {}).get("removed_on")
    return removed_on is not None and today is not None and date.fromisoformat(removed_on) <= today


def sample_breaks(published: Publication, now: Publication, events: StoredEvents) -> list[Break]:
    """The golden samples that were changed, removed, or cannot be read any more."""
    result = []
    for (type_, file), value in sorted({**now.samples, **published.samples}.items()):
        present = now.samples.get((type_, file))
        if present is None:
            reason, advice = f"the golden sample {file} was removed", "Put it back: what it shows is stored for ever."
        elif present != value:
            reason = f"the golden sample {file} was changed"
            advice = "Put its bytes back: they stand for what is stored. Another sample has a file of its own."
        elif (why := _unreadable(type_, value, events)) is not None:
            reason, advice = f"the golden sample {file} cannot be read: {why}", "Correct the model or its upcaster."
        else:
            continue
        result.append(Break(type_, (reason,), advice))
    return result


def _unreadable(type_: str, value: bytes, events: StoredEvents) -> str | None:
    model = events.models.get(type_)
    if model is None:
        return "its version is not declared"
    try:
        events.read(type_, value)
        model.__pydantic_validator__.validate_json(value, extra="ignore")
    except (MalformedMessage, ValueError) as error:
        return " ".join(str(error).split())
    return None
