"""Dead letters as people and programs see them: a line in a list, all of one letter, what a retry comes to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from contracts.envelope import rfc3339
from contracts.outcome import Outcome
from workers.dead_letters.showing import headers_shown, value_shown

if TYPE_CHECKING:
    from infra.dlq.reading import Standing
    from infra.dlq.retrying import Plan
    from workers.ports.interventions import Intervention


class LetterLine(NamedTuple):
    """What a list shows of a letter; without its content."""

    id: str
    time: datetime
    reason: str
    type: str | None
    stream: str | None
    state: str

    @classmethod
    def of(cls, standing: "Standing") -> Self:
        """The line of a letter."""
        letter = standing.letter
        return cls(str(letter.place), letter.time, letter.reason, letter.type, letter.stream, standing.state)

    def text(self, now: datetime) -> str:
        """One line for a person."""
        return (
            f"{self.id}  {rfc3339(self.time)}  {age(self.time, now):>6}  {self.reason}  {self.type or '-'}  "
            f"{self.stream or '-'}  {self.state}"
        )

    def plain(self, now: datetime) -> dict[str, Any]:
        """For JSON."""
        return {**self._asdict(), "time": rfc3339(self.time), "age_seconds": seconds_since(self.time, now)}


def totals_text(shown: int, by_reason: Mapping[str, int], strangers: int) -> str:
    """The last line of a list."""
    total = sum(by_reason.values())
    if not total:
        text = "no dead letters match"
    else:
        reasons = ", ".join(
            f"{count} {reason}" for reason, count in sorted(by_reason.items(), key=lambda each: -each[1])
        )
        text = f"{total} dead letter{'s' if total != 1 else ''}: {reasons}"
        if shown < total:
            text += f" (the oldest {shown} are shown; --limit shows more)"
    return text + (f"; {strangers} records that no worker has put there are left out" if strangers else "")


def letter_plain(standing: "Standing", now: datetime, outcome: Outcome | None) -> dict[str, Any]:
    """All of a letter, secrets masked."""
    letter = standing.letter
    shown = value_shown(letter)
    return {
        **LetterLine.of(standing).plain(now),
        "error": letter.error,
        "command_id": letter.command_id,
        "key": letter.stream,
        "headers": headers_shown(letter),
        "value_bytes": len(letter.original.value or b""),
        "value": shown.fields if shown.text is None else shown.text,
        "value_note": shown.note,
        "outcome": None if outcome is None else outcome.model_dump(mode="json"),
        "actions": [_action(each) for each in standing.actions],
    }


def _action(each: "Intervention") -> dict[str, Any]:
    told = {"at": rfc3339(each.at), "action": each.action, "actor": each.actor, "reason": each.reason}
    return {**told, "details": dict(each.details)}


def letter_lines(plain: Mapping[str, Any], value: str) -> list[str]:
    """All of a letter, for a person. `value` is its value as text."""
    lines = [
        f"{name}: {plain[name]}" for name in ("id", "state", "time", "reason", "error", "type", "command_id", "key")
    ]
    lines.append("headers:")
    lines += [f"  {name}: {each}" for name, each in plain["headers"]]
    lines.append(f"value ({plain['value_bytes']} bytes): {value}")
    if plain["value_note"]:
        lines.append(f"  ({plain['value_note']})")
    outcome = plain["outcome"]
    if outcome is None:
        lines.append("outcome: none is stored under the command's id")
    else:
        error = f" {outcome['error']['code']}: {outcome['error']['message']}" if outcome["error"] else ""
        lines.append(f"outcome: {outcome['status']}{error}, at {outcome['handled_at']}")
    for each in plain["actions"]:
        sent = f" as command {each['details']['command_id']}" if each["details"].get("command_id") else ""
        lines.append(f"{each['at']}  {each['action']}{sent} by {each['actor']}: {each['reason']}")
    return lines if plain["actions"] else [*lines, "nothing was done about it so far"]


class Retried(NamedTuple):
    """What a retry came to. `sent`: it went out (with `dry_run`: it would); `outcome` None: there is none (yet)."""

    plan: "Plan"
    sent: bool
    outcome: Outcome | None
    dry_run: bool

    def text(self) -> str:
        """One line for a person."""
        plan, place = self.plan, self.plan.letter.place
        if self.dry_run:
            again = f", sent as command {plan.attempt.command_id}" if plan.attempt is not None else ""
            return f"{place}  {plan.foreseen}{again}{self._expiry()}"
        if not self.sent:
            advice = "; --force sends it all the same" if plan.foreseen.verdict == "unreadable" else ""
            return f"{place}  not sent: {plan.foreseen}{advice}"
        if plan.attempt is None:
            return f"{place}  sent as it was, by force; it has no command id by which to ask for an outcome"
        if self.outcome is None:
            return f"{place}  sent as command {plan.attempt.command_id}; no outcome yet: is a command worker running?"
        return f"{place}  {_outcome_text(self.outcome)}, as command {plan.attempt.command_id}"

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        plan = self.plan
        expires_at = None if plan.request is None else plan.request.envelope.expires_at
        return {
            "id": str(plan.letter.place),
            "dry_run": self.dry_run,
            "foreseen": plan.foreseen._asdict(),
            "command_id": None if plan.attempt is None else plan.attempt.command_id,
            "sent": self.sent and not self.dry_run,
            "expires_at": None if expires_at is None else rfc3339(expires_at),
            "outcome": None if self.outcome is None else self.outcome.model_dump(mode="json"),
        }

    def _expiry(self) -> str:
        request = self.plan.request
        if request is None or request.envelope.expires_at is None or self.plan.attempt is None:
            return ""
        return f" (its ce_expiresat, {rfc3339(request.envelope.expires_at)}, stays as it is)"


def _outcome_text(outcome: Outcome) -> str:
    if outcome.error is not None:
        return f"{outcome.status}: {outcome.error.code}: {outcome.error.message}"
    events: Sequence[str] = [event.type.rpartition(".v")[0] for event in outcome.events]
    return f"{outcome.status}: {', '.join(events) or 'nothing changed'}"


def age(since: datetime, now: datetime) -> str:
    """How long ago, in one unit."""
    seconds = seconds_since(since, now)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def seconds_since(since: datetime, now: datetime) -> float:
    """Seconds from one moment to another, at least 0."""
    return round(max(0.0, (now - since).total_seconds()), 3)
