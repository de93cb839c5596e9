"""Dead letters as people and programs see them: a line in a list, all of one letter, what became of a retry."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from contracts.envelope import rfc3339
from contracts.outcome import Outcome
from workers.operations.dead_letters.showing import headers_shown, value_shown
from workers.ports.interventions import Intervention

if TYPE_CHECKING:
    from workers.operations.dead_letters.reading import LetterStatus
    from workers.operations.dead_letters.retrying import RetryPlan, RetryResult


class LetterLine(NamedTuple):
    """A letter as a list shows it, without its content."""

    id: str
    time: datetime
    reason: str
    type: str | None
    stream: str | None
    state: str

    @classmethod
    def of(cls, status: "LetterStatus") -> Self:
        """The line of a letter."""
        letter = status.letter
        return cls(str(letter.position), letter.time, letter.reason, letter.type, letter.stream_id, status.state)

    def text(self, now: datetime) -> str:
        """One line for a person."""
        return (
            f"{self.id}  {rfc3339(self.time)}  {age(self.time, now):>6}  {self.reason}  {self.type or '-'}  "
            f"{self.stream or '-'}  {self.state}"
        )

    def plain(self, now: datetime) -> dict[str, Any]:
        """For JSON."""
        return {**self._asdict(), "time": rfc3339(self.time), "age_seconds": seconds_since(self.time, now)}


def totals_text(shown: int, by_reason: Mapping[str, int], foreign_records: int) -> str:
    """The last line of a list."""
    total = sum(by_reason.values())
    if not total:
        text = "no dead letters match"
    else:
        counts = sorted(by_reason.items(), key=lambda item: -item[1])
        reasons = ", ".join(f"{count} {reason}" for reason, count in counts)
        text = f"{total} dead letter{'s' if total != 1 else ''}: {reasons}"
        if shown < total:
            text += f" (the oldest {shown} are shown; --limit shows more)"
    if foreign_records:
        text += f"; {foreign_records} records that no worker has written are left out"
    return text


def letter_plain(status: "LetterStatus", now: datetime, outcome: Outcome | None) -> dict[str, Any]:
    """All of a letter, secrets masked."""
    letter = status.letter
    value = value_shown(letter)
    return {
        **LetterLine.of(status).plain(now),
        "error": letter.error,
        "command_id": letter.command_id,
        "key": letter.stream_id,
        "headers": headers_shown(letter),
        "value_bytes": len(letter.original.value or b""),
        "value": value.fields if value.text is None else value.text,
        "value_note": value.note,
        "outcome": None if outcome is None else outcome.model_dump(mode="json"),
        "actions": [_action_plain(action) for action in status.actions],
    }


def _action_plain(action: Intervention) -> dict[str, Any]:
    return {
        "at": rfc3339(action.at),
        "action": action.action,
        "actor": action.actor,
        "reason": action.reason,
        "details": dict(action.details),
    }


def letter_lines(plain: Mapping[str, Any], value: str) -> list[str]:
    """All of a letter, for a person. `value` is its value as text."""
    fields = ("id", "state", "time", "reason", "error", "type", "command_id", "key")
    lines = [f"{field}: {plain[field]}" for field in fields]
    lines.append("headers:")
    lines += [f"  {name}: {header}" for name, header in plain["headers"]]
    lines.append(f"value ({plain['value_bytes']} bytes): {value}")
    if plain["value_note"]:
        lines.append(f"  ({plain['value_note']})")
    outcome = plain["outcome"]
    if outcome is None:
        lines.append("outcome: none is stored under the command's id")
    else:
        error = f" {outcome['error']['code']}: {outcome['error']['message']}" if outcome["error"] else ""
        lines.append(f"outcome: {outcome['status']}{error}, at {outcome['handled_at']}")
    for action in plain["actions"]:
        command_id = action["details"].get("command_id")
        sent = f" as command {command_id}" if command_id else ""
        lines.append(f"{action['at']}  {action['action']}{sent} by {action['actor']}: {action['reason']}")
    return lines if plain["actions"] else [*lines, "nothing was done about it so far"]


class RetryLine(NamedTuple):
    """The result of a retry, or the predicted result in a dry run."""

    result: "RetryResult"
    dry_run: bool

    def text(self) -> str:
        """One line for a person."""
        plan, outcome, id_ = self.result.plan, self.result.outcome, self.result.plan.letter.position
        if self.dry_run:
            again = f", sent as command {plan.attempt.command_id}" if plan.attempt is not None else ""
            return f"{id_}  {plan.preview}{again}{_expiry(plan)}"
        if not self.result.sent:
            advice = "; --force sends it all the same" if plan.preview.verdict == "unreadable" else ""
            return f"{id_}  not sent: {plan.preview}{advice}"
        if plan.attempt is None:
            return f"{id_}  sent as it was, by force; it has no command id by which to ask for an outcome"
        if outcome is None:
            return f"{id_}  sent as command {plan.attempt.command_id}; no outcome yet: is a command worker running?"
        return f"{id_}  {_outcome_text(outcome)}, as command {plan.attempt.command_id}"

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        plan, outcome = self.result.plan, self.result.outcome
        expires_at = None if plan.request is None else plan.request.envelope.expires_at
        return {
            "id": str(plan.letter.position),
            "dry_run": self.dry_run,
            "preview": plan.preview._asdict(),
            "command_id": None if plan.attempt is None else plan.attempt.command_id,
            "sent": self.result.sent and not self.dry_run,
            "expires_at": None if expires_at is None else rfc3339(expires_at),
            "outcome": None if outcome is None else outcome.model_dump(mode="json"),
        }


def _expiry(plan: "RetryPlan") -> str:
    request = plan.request
    if request is None or request.envelope.expires_at is None or plan.attempt is None:
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
