"""One order's story, as `annals sagas show` and `annals trace` tell it."""

from typing import Any

from infra.cli.saga_lines import instance_lines
from infra.cli.sagas import DEFAULT_SHOWN_LIMIT
from infra.cli.trace_lines import trace_lines
from infra.measuring.demo.stage import Stage
from infra.postgres.history import PostgresHistory
from infra.postgres.saga_instances import SagaInstances
from workers.core.saga import Saga
from workers.history.document import trace_document


async def tell_story(stage: Stage, saga: Saga[Any], instance_id: str) -> None:
    """What this instance took and sent, and then all that its first request led to, in the order of cause."""
    stage.teller.paste("annals", "sagas", "show", f"{saga.name}/{instance_id}")
    found = await SagaInstances(stage.database).shown(saga.name, instance_id, DEFAULT_SHOWN_LIMIT)
    assert found is not None, "the demo has waited for its end"
    stage.teller.story(list(instance_lines(found, found.instance.status in saga.settled_statuses)))
    correlation_id = found.instance.correlation_id
    stage.teller.paste("annals", "trace", correlation_id)
    life = await PostgresHistory(stage.database).correlated(correlation_id, DEFAULT_SHOWN_LIMIT)
    stage.teller.story(list(trace_lines(trace_document(correlation_id, life))))
