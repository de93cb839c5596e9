"""What an operator can do about findings that no program can set right, because it cannot know what is right."""

from collections.abc import Iterable

from workers.operations.verification.findings import FindingKind

BUILD_WINDOWS_AGAIN = "find it, then build the windows again: `annals analytics rebuild`"

SAGA_DIFFERS = (
    "the saga's tables were changed by hand, its code has changed since, or events were replaced on which it has acted "
    "(`annals streams list`)"
)

ADVICE: dict[FindingKind, str] = {
    FindingKind.TOPIC_MISFIT: "settings: `annals topics create`; partitions: `annals topics recreate`",
    FindingKind.INTERRUPTED: "find out what was sent and not answered, then: `annals lanes acknowledge`",
    FindingKind.COMMANDS_WAITING: "start a command worker; if one runs, its log says what the lane waits for",
    FindingKind.COMMAND_NOT_HANDLED: "the command is in its topic and has no outcome: send it again under its id",
    FindingKind.LANE_SET_BACK: (
        "annals.lanes was changed by hand or restored alone. Stop the workers of that role; then, as the database's "
        "owner, set `sequence` of the lane to the number that is named"
    ),
    FindingKind.MISSING_IN_TABLE: (
        "the database was set back, or another program wrote to the log: restore the newest database"
    ),
    FindingKind.EVENT_DIFFERS: (
        "another program wrote to the log or changed the table: find it; readers trust the table. If `annals streams "
        "list` says that the log is not renewed: `annals streams switch`"
    ),
    FindingKind.FOREIGN_RECORD: (
        "another program wrote to the log; readers pass the record over; let only Annals write to *.events"
    ),
    FindingKind.WITHOUT_COMMAND: "the table of commands was changed by hand, or set back: restore it",
    FindingKind.VERSION_GAP: "the table was changed by hand or restored in part: restore the newest database",
    FindingKind.SAGA_BEHIND: "start a saga worker; if one runs, its log says what it waits for",
    FindingKind.SAGA_AHEAD: (
        "annals.lanes was changed by hand or restored alone. Stop the saga workers; then, as the database's owner, set "
        "`input_sequence` of the lane to the number that is named"
    ),
    FindingKind.INSTANCE_MISSING: ("the saga's tables were changed by hand or set back: restore them with the events"),
    FindingKind.INSTANCE_LEFT_OVER: "the saga's tables were changed by hand, or its code has changed since",
    FindingKind.INSTANCE_DIFFERS: SAGA_DIFFERS,
    FindingKind.JOURNAL_GAP: "the saga's tables were changed by hand or set back: restore them with the events",
    FindingKind.JOURNAL_DIFFERS: SAGA_DIFFERS,
    FindingKind.INTERNAL_EVENT_FORGED: ("another program wrote to the journal, or the saga's code has changed since"),
    FindingKind.EVENT_NOT_APPLIED: "the saga's tables were set back, or the saga is younger than the event",
    FindingKind.EVENT_APPLIED_TWICE: ("the saga's tables were changed by hand: restore them with the events"),
    FindingKind.DEADLINE_MISSING: (
        "the saga's tables were changed by hand, and the instance will wait for ever: restore them"
    ),
    FindingKind.DEADLINE_LEFT_OVER: "the saga's tables were changed by hand, or its code has changed since",
    FindingKind.DEADLINE_DIFFERS: "the saga's tables were changed by hand, or its code has changed since",
    FindingKind.DEADLINE_OVERDUE: "start a saga worker; if one runs, its log says what the saga cannot apply",
    FindingKind.REJECTION_MISSING: "step_rejections, or unchanged_steps, was changed by hand: restore it",
    FindingKind.REJECTION_LEFT_OVER: (
        "step_rejections, unchanged_steps or the outbox was changed by hand: restore them"
    ),
    FindingKind.REJECTION_OVERDUE: "start a saga worker; if one runs, its log says what the saga cannot apply",
    FindingKind.ENDLESS: (
        "the instance waits and has no deadline: see `annals sagas show`, and send what it waits for by hand"
    ),
    FindingKind.HELD_WITHOUT_OWNER: (
        "no order uses it or gives it back: send the command that is named, unless somebody needs it"
    ),
    FindingKind.STEP_GAP: "the outbox was changed by hand or set back: restore it with the events",
    FindingKind.STEP_MISSING: ("the saga's tables were changed by hand or set back, or its code has changed since"),
    FindingKind.STEP_LEFT_OVER: "the saga's tables were changed by hand, or its code has changed since",
    FindingKind.STEP_DIFFERS: SAGA_DIFFERS,
    FindingKind.STEP_WITHOUT_OUTCOME: (
        "start a command worker; if one runs, the command was lost: send it again with its id"
    ),
    FindingKind.STEP_FAILED: "see `annals dlq list`; correct the cause, then `annals dlq retry`",
    FindingKind.READ_MODEL_BEHIND: "start a projection worker; if one runs, its log says what it waits for",
    FindingKind.READ_MODEL_AHEAD: (
        "the database or Redis was set back, or changed by hand; a projection worker builds the read model again"
    ),
    FindingKind.ANALYTICS_BEHIND: "start an analytics worker; if one runs, its log says what it waits for",
    FindingKind.WINDOW_MISSING: f"another program wrote to the topics of analytics: {BUILD_WINDOWS_AGAIN}",
    FindingKind.WINDOW_LEFT_OVER: f"another program wrote to the topics of analytics: {BUILD_WINDOWS_AGAIN}",
    FindingKind.WINDOW_DIFFERS: (
        f"another program wrote to the topics of analytics, or the table was changed: {BUILD_WINDOWS_AGAIN}"
    ),
    FindingKind.PARKED: "correct the code, then `annals parked retry`",
    FindingKind.CODE_RAISES: (
        "correct the code; after a change of code build the read model again: `annals projections rebuild`"
    ),
}


def advice_on(kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Kind and advice for those of these kinds of findings that a repair leaves alone."""
    return [(kind, ADVICE[FindingKind(kind)]) for kind in kinds if FindingKind(kind) in ADVICE]
