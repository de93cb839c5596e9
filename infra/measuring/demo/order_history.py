"""The history of one order, as `annals sagas show` and `annals trace` show it."""

from typing import Any

from infra.measuring.demo.session import MAX_ROWS, DemoSession
from infra.postgres.history import PostgresHistory
from infra.postgres.saga_instances import SagaInstances
from workers.core.saga import Saga
from workers.history.document import trace_document


async def show_history(session: DemoSession, saga: Saga[Any], instance_id: str) -> None:
    """Show what this instance applied and sent, and then everything that its first request led to."""
    session.narrator.command_line("annals", "sagas", "show", f"{saga.name}/{instance_id}")
    shown = await SagaInstances(session.database).shown(saga.name, instance_id, MAX_ROWS)
    assert shown is not None, "the demo has waited for its end"
    session.narrator.saga_instance(shown, is_ended=shown.instance.status in saga.settled_statuses)
    correlation_id = shown.instance.correlation_id
    session.narrator.command_line("annals", "trace", correlation_id)
    correlated = await PostgresHistory(session.database).correlated(correlation_id, MAX_ROWS)
    session.narrator.trace(trace_document(correlation_id, correlated))
