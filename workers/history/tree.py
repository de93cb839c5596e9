"""From the rows of one correlation id to a tree: commands, what they led to, and what that led to. Pure.

    command --its outcome's events--> event --a saga's step--> command --> ...
                                      event --begins--> saga --its first steps--> command --> ...
                                                        saga --its deadline passed--> notice --a step--> command --> ...
    command --refused, of which its saga heard--> notice --a step--> command --> ...

The tree comes as a list in the order of cause: parents before children, siblings by time, each with its parent's id and
its depth. A list, because a long business transaction is a deep tree (three levels for each line of an order), deeper
than what readers of JSON nest. A command that a saga has decided on and that is not handled yet stands there as
`pending`. What has an unknown parent is a root. Ids are the callers' word: circles are opened at their earliest node.
"""

from collections.abc import Mapping

from workers.history.nodes import Kind, Node, of_command, of_event, of_notice, of_saga, of_unhandled, place, saga_id
from workers.ports.history import Correlated, SagaStep

Key = tuple[Kind, str]
Refused = tuple[str, str | None, str | None]
"""An instance, the name of its step, and the stream that the step's command was about; None: a notice of no step."""


def tree(found: Correlated) -> list[Node]:
    """The rows in the order of cause, each once."""
    steps = {step.command_id: step for step in found.steps}
    nodes: dict[Key, Node] = {}
    for row in found.commands:
        nodes["command", row.command_id] = of_command(row, steps.get(row.command_id))
    unhandled = "unknown" if "commands" in found.cut else "pending"
    for step in steps.values():
        nodes.setdefault(("command", step.command_id), of_unhandled(step, unhandled))
    for event in found.events:
        nodes["event", event.event_id] = of_event(event)
    for saga in found.sagas:
        nodes["saga", saga_id(saga.saga, saga.instance_id)] = of_saga(saga)
    for notice in found.notices:
        nodes["notice", notice.event_id] = of_notice(notice)
    in_time = dict(sorted(nodes.items(), key=lambda entry: place(entry[1])))
    return _in_order(in_time, _opened(_parents(found, in_time)))


def _parents(found: Correlated, nodes: Mapping[Key, Node]) -> dict[Key, Key | None]:
    """What each node follows from, in the order of the nodes."""
    begun_by = _beginnings(found, nodes)
    causes = {row.command_id: row.causation_id for row in found.commands}
    commands = {row.event_id: row.command_id for row in found.events}
    sagas = {notice.event_id: saga_id(notice.saga, notice.instance_id) for notice in found.notices}
    refused = _refused_steps(found)
    parents: dict[Key, Key | None] = {}
    for key, node in nodes.items():
        wanted: list[Key | None]
        match node.kind:
            case "saga":
                wanted = [begun_by.get(key)]
            case "event":
                wanted = [("command", commands[node.id])]
            case "notice":
                data, saga = node.data or {}, sagas[node.id]
                wanted = [refused.get((saga, data.get("step"), data.get("to"))), ("saga", saga)]
            case "command" if node.step is not None:
                wanted = _of_step(node.step, begun_by)
            case "command":
                wanted = [("event", causes[node.id]), ("command", causes[node.id])]
        parents[key] = next((each for each in wanted if each in nodes and each != key), None)
    return parents


def _beginnings(found: Correlated, nodes: Mapping[Key, Node]) -> dict[Key, Key]:
    """The event that each instance began with: as noted, else what led to its first step."""
    begun_by: dict[Key, Key] = {}
    noted = [(saga_id(saga.saga, saga.instance_id), saga.begun_by) for saga in found.sagas]
    first = [
        (saga_id(step.saga, step.instance_id), step.causation_id)
        for step in sorted(found.steps, key=lambda each: each.decided_at)
    ]
    for saga, event_id in noted + first:
        event: Key = ("event", event_id or "")
        if event in nodes:
            begun_by.setdefault(("saga", saga), event)
    return begun_by


def _of_step(step: SagaStep, begun_by: Mapping[Key, Key]) -> list[Key | None]:
    """The saga for the steps that it began with; else what led to the step, and the saga when that is not known."""
    saga: Key = ("saga", saga_id(step.saga, step.instance_id))
    event: Key = ("event", step.causation_id)
    return [saga, event] if begun_by.get(saga) == event else [event, ("notice", step.causation_id), saga]


def _refused_steps(found: Correlated) -> dict[Refused, Key]:
    """The commands of sagas that were not accepted, by what a notice says of them; of several the last."""
    statuses = {row.command_id: row.status for row in sorted(found.commands, key=lambda row: row.handled_at)}
    steps = {step.command_id: step for step in found.steps}
    return {
        (saga_id(step.saga, step.instance_id), step.step, step.stream_id): ("command", command_id)
        for command_id, status in statuses.items()
        if status != "accepted" and (step := steps.get(command_id)) is not None
    }


def _opened(parents: dict[Key, Key | None]) -> dict[Key, Key | None]:
    """The parents without circles: a node that is its own forefather becomes a root."""
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
    """Parents before children. `nodes` are in the order of time, so that children are too."""
    children: dict[Key | None, list[Key]] = {}
    for key, parent in parents.items():
        children.setdefault(parent, []).append(key)
    found: list[Node] = []
    waiting = [(key, 0) for key in reversed(children.get(None, []))]
    while waiting:
        key, depth = waiting.pop()
        parent = parents[key]
        found.append(nodes[key]._replace(parent=parent[1] if parent else None, depth=depth))
        waiting += [(child, depth + 1) for child in reversed(children.get(key, []))]
    return found
