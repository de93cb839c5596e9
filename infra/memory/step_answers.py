"""Which step an outcome answers, and what an answer says of its step."""

from contracts.outcome import content_digest
from workers.ports.outcomes import OutcomeRow
from workers.ports.sagas import StepRow


def answers_step(row: OutcomeRow, step: StepRow) -> bool:
    """Whether an outcome is that of this step, and not of another command under its id."""
    if (row.type, row.stream_id, row.causation_id) != (step.command_type, step.stream_id, step.causation_id):
        return False
    return row.content_digest in (None, content_digest(step.data))


def step_address(row: StepRow) -> tuple[str, str, str, str, str]:
    """The step's instance, its name, and where its command goes."""
    return row.saga, row.instance_id, row.step, row.stream_id, row.command_id


def step_cause(row: StepRow) -> tuple[str, str | None, str | None]:
    """Correlation id, actor and traceparent."""
    return row.correlation_id, row.actor, row.traceparent
