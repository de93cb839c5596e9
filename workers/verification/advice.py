"""What to do about findings that no program should mend by itself, because it can't know what is right."""

from collections.abc import Iterable

from workers.verification.findings import What

ADVICE: dict[What, str] = {
    What.TOPIC_MISFIT: "settings: `annals topics create`; partitions: `annals topics recreate`",
    What.INTERRUPTED: "find out what was sent and not answered, then: `annals lanes acknowledge`",
    What.COMMANDS_WAITING: "start a command worker; if one runs, its log says what the lane waits for",
    What.COMMAND_NOT_HANDLED: "the command stands in its topic and has no outcome: send it again under its id",
    What.MISSING_IN_TABLE: "the database was set back, or a stranger wrote to the log: restore the newest database",
    What.EVENT_DIFFERS: "another program wrote to the log or changed the table: find it; readers trust the table",
    What.FOREIGN_RECORD: "another program wrote to the log; readers pass it over; let only Annals write to *.events",
    What.WITHOUT_COMMAND: "the table of commands was changed by hand, or set back: restore it",
    What.VERSION_GAP: "the table was changed by hand or restored in part: restore the newest database",
    What.SAGA_BEHIND: "start a saga worker, or look at its log for what it waits for",
    What.INSTANCE_MISSING: "the saga's tables were changed by hand or set back: restore them with the events",
    What.INSTANCE_LEFT_OVER: "the saga's tables were changed by hand, or its code has changed since",
    What.INSTANCE_DIFFERS: "the saga's tables were changed by hand, or its code has changed since",
    What.JOURNAL_GAP: "the saga's tables were changed by hand or set back: restore them with the events",
    What.JOURNAL_DIFFERS: "the saga's tables were changed by hand, or its code has changed since",
    What.OWN_EVENT_FORGED: "another program wrote to the journal, or the saga's code has changed since",
    What.EVENT_NOT_TAKEN: "the saga's tables were set back, or the saga is younger than the event",
    What.EVENT_TAKEN_TWICE: "the saga's tables were changed by hand: restore them with the events",
    What.DEADLINE_MISSING: "the saga's tables were changed by hand: the instance will not wake; restore them",
    What.DEADLINE_LEFT_OVER: "the saga's tables were changed by hand, or its code has changed since",
    What.DEADLINE_DIFFERS: "the saga's tables were changed by hand, or its code has changed since",
    What.DEADLINE_OVERDUE: "start a saga worker; if one runs, its log says what the saga cannot take",
    What.REJECTION_MISSING: "step_rejections, or unchanged_steps, was changed by hand; restore it",
    What.REJECTION_LEFT_OVER: "step_rejections, unchanged_steps or the outbox was changed by hand: restore them",
    What.REJECTION_OVERDUE: "start a saga worker; if one runs, its log says what the saga cannot take",
    What.ENDLESS: "it waits and has no deadline: see `annals sagas show`, and send what it waits for by hand",
    What.HELD_FOR_NOBODY: "nothing takes it or gives it back: send the command that is named, if nobody needs it",
    What.STEP_GAP: "the outbox was changed by hand or set back: restore it with the events",
    What.STEP_MISSING: "the saga's tables were changed by hand or set back, or its code has changed since",
    What.STEP_LEFT_OVER: "the saga's tables were changed by hand, or its code has changed since",
    What.STEP_DIFFERS: "the saga's tables were changed by hand, or its code has changed since",
    What.STEP_WITHOUT_OUTCOME: "start a command worker; if one runs, the command was lost: send it again with its id",
    What.STEP_FAILED: "see `annals dlq list`; mend the cause, then `annals dlq retry`",
    What.READ_MODEL_BEHIND: "start a projection worker, or look at its log for what it waits for",
    What.READ_MODEL_AHEAD: "the database or Redis was set back, or changed by hand; a projection worker begins it anew",
    What.PARKED: "mend the code, then `annals parked retry`",
    What.CODE_RAISES: "mend the code; after a change of code build the read model anew: `annals projections rebuild`",
}


def advice_on(found: Iterable[str]) -> list[tuple[str, str]]:
    """Kind and advice for those of the kinds found that a repair leaves alone."""
    return [(what, ADVICE[What(what)]) for what in found if What(what) in ADVICE]
