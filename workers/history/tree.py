"""From the rows of one correlation id to the tree of causes: commands, what they led to, and what that led to. Pure.

    command --its outcome's events--> event --a saga's step--> command --> ...
                                      event --begins--> saga --its first steps--> command --> ...
                                                        saga --its deadline passed--> notice --a step--> command --> ...
    command --rejected, which its saga handled--> notice --a step--> command --> ...

The tree is a list in the order of cause: parents before children, siblings by time, each with the id of its parent and
its depth. It is a list because a long business transaction is a deep tree (three levels for each line of an order),
deeper than JSON readers nest. A command that a saga has sent and that is not handled yet is `pending`. A node whose
parent is unknown is a root. Callers choose ids freely, so there may be cycles: each is cut at its earliest node.
"""

from collections.abc import Mapping

from workers.history.nodes import Kind, Node, of_command, of_event, of_notice, of_saga, of_unhandled, saga_id, sort_key
from workers.ports.event_store import EventRow
from workers.ports.history import Correlated, SagaStep
from workers.ports.outcomes import OutcomeRow

Key = tuple[Kind, str, str]
"""A node by its kind, its id, and for a command its context and stream: commands of several streams may have one id."""
RejectedStep = tuple[str, str | None, str | None]
"""An instance, the name of its step, and the stream of the step's command; None: the notice is not about a step."""


def tree(correlated: Correlated) -> list[Node]:
    """The nodes of all rows in the order of cause, each once."""
    steps = {_step_key(step): step for step in correlated.steps}
    nodes: dict[Key, Node] = {}
    for row in correlated.commands:
        key = _command_key(row)
        nodes[key] = of_command(row, steps.get(key))
    unhandled = "unknown" if "commands" in correlated.cut else "pending"
    for key, step in steps.items():
        nodes.setdefault(key, of_unhandled(step, unhandled))
    for event in correlated.events:
        nodes["event", event.event_id, ""] = of_event(event)
    for saga in correlated.sagas:
        nodes["saga", saga_id(saga.saga, saga.instance_id), ""] = of_saga(saga)
    for notice in correlated.notices:
        nodes["notice", notice.event_id, ""] = of_notice(notice)
    in_time = dict(sorted(nodes.items(), key=lambda entry: sort_key(entry[1])))
    return _in_order(in_time, _without_cycles(_parents(correlated, in_time)))


def _command_key(row: OutcomeRow | EventRow) -> Key:
    return "command", row.command_id, f"{row.context}/{row.stream_id}"


def _step_key(step: SagaStep) -> Key:
    return "command", step.command_id, f"{step.command_type.partition('.')[0]}/{step.stream_id}"


def _parents(correlated: Correlated, nodes: Mapping[Key, Node]) -> dict[Key, Key | None]:
    """What each node follows from, in the order of the nodes."""
    begun_by = _beginnings(correlated, nodes)
    causes = {_command_key(row): row.causation_id for row in correlated.commands}
    commands = {row.event_id: _command_key(row) for row in correlated.events}
    earliest = {node.id: key for key, node in reversed(list(nodes.items())) if node.kind == "command"}
    sagas = {notice.event_id: saga_id(notice.saga, notice.instance_id) for notice in correlated.notices}
    rejected = _rejected_steps(correlated)
    parents: dict[Key, Key | None] = {}
    for key, node in nodes.items():
        candidates: list[Key | None]
        match node.kind:
            case "saga":
                candidates = [begun_by.get(key)]
            case "event":
                candidates = [commands[node.id]]
            case "notice":
                data, saga = node.data or {}, sagas[node.id]

                candidates = [rejected.get((saga, data.get("step"), data.get("to"))), ("saga", saga, "")]
            case "command" if node.step is not None:
                candidates = _of_step(node.step, begun_by)
            case "command" if causes[key] == node.id:
                candidates = []  # not the command of another stream with this id
            case "command":
                candidates = [("event", causes[key], ""), earliest.get(causes[key])]
        parents[key] = next((parent for parent in candidates if parent in nodes and parent != key), None)
    return parents


def _beginnings(correlated: Correlated, nodes: Mapping[Key, Node]) -> dict[Key, Key]:
    """The event that each instance began with: as recorded, else the event that led to its first step."""
    begun_by: dict[Key, Key] = {}
    recorded = [(saga_id(saga.saga, saga.instance_id), saga.begun_by) for saga in correlated.sagas]
    of_first_steps = [
        (saga_id(step.saga, step.instance_id), step.causation_id)
        for step in sorted(correlated.steps, key=lambda step: step.decided_at)
    ]
    for saga, event_id in recorded + of_first_steps:
        event: Key = ("event", event_id or "", "")
        if event in nodes:
            begun_by.setdefault(("saga", saga, ""), event)
    return begun_by


def _of_step(step: SagaStep, begun_by: Mapping[Key, Key]) -> list[Key | None]:
    """The candidates for the parent of a step: the saga if the step is of its first event; else the cause of the step,
    and the saga if the cause is unknown.
    """
    saga: Key = ("saga", saga_id(step.saga, step.instance_id), "")
    event: Key = ("event", step.causation_id, "")
    return [saga, event] if begun_by.get(saga) == event else [event, ("notice", step.causation_id, ""), saga]


def _rejected_steps(correlated: Correlated) -> dict[RejectedStep, Key]:
    """The commands of sagas that were not accepted, by what a notice tells about them; of several the last."""
    statuses = {_command_key(row): row.status for row in sorted(correlated.commands, key=lambda row: row.handled_at)}
    steps = {_step_key(step): step for step in correlated.steps}
    return {
        (saga_id(step.saga, step.instance_id), step.step, step.stream_id): key
        for key, status in statuses.items()
        if status != "accepted" and (step := steps.get(key)) is not None
    }


def _without_cycles(parents: dict[Key, Key | None]) -> dict[Key, Key | None]:
    """The parents without cycles: a node that is its own ancestor becomes a root."""
    settled: set[Key] = set()
    for start in parents:
        path: dict[Key, None] = {}
        key: Key | None = start
        while key is not None and key not in settled:
            if key in path:
                parents[key] = None
                break
            path[key] = None
            key = parents[key]
        settled.update(path)
    return parents


def _in_order(nodes: Mapping[Key, Node], parents: Mapping[Key, Key | None]) -> list[Node]:
    """The nodes with parents before children. `nodes` are in the order of time, so siblings are too."""
    children: dict[Key | None, list[Key]] = {}
    for key, parent in parents.items():
        children.setdefault(parent, []).append(key)
    ordered: list[Node] = []
    remaining = [(key, 0) for key in reversed(children.get(None, []))]
    while remaining:
        key, depth = remaining.pop()
        parent = parents[key]
        ordered.append(nodes[key]._replace(parent=parent[1] if parent else None, depth=depth))
        remaining += [(child, depth + 1) for child in reversed(children.get(key, []))]
    return ordered
