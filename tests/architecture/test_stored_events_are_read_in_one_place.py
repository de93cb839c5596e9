"""Whoever reads stored events reads them by `StoredEvents`: nobody else looks up the model of one, or validates JSON
that may be one. So no reader forgets the upcasters, or refuses what a newer release has added.
"""

import ast
from pathlib import Path

from tests.architecture.sources import of_each, sources, tree

VALIDATING = {
    "model_validate",
    "model_validate_json",
    "validate_json",
    "validate_python",
    "__pydantic_validator__",
    "TypeAdapter",
}
# What these files validate is no event that somebody reads.
OTHER_JSON = {
    "contracts/stored_events.py": "the place itself",
    "contracts/samples.py": "golden samples, as what they were",
    "contracts/compatibility/publication.py": "golden samples, against the models of their own versions",
    "contracts/client/replies.py": "outcomes",
    "workers/command/reading.py": "commands",
    "workers/command/snapshots.py": "states of streams",
    "workers/command/taking_over.py": "events that are published as they were written, whatever they are today",
    "workers/saga/instances.py": "states of sagas",
    "workers/analytics/published.py": "windows",
    "workers/gateway/command_dispatcher.py": "outcomes",
    "workers/gateway/declared/bodies.py": "commands",
    "workers/gateway/deprecation.py": "deprecations, as they are declared",
    "workers/operations/dead_letters/retrying.py": "outcomes",
    "workers/operations/verification/comparisons/saga_journal.py": "states and internal events of sagas",
    "workers/operations/verification/holdings.py": "states of sagas",
    "infra/cli/command_line_values.py": "commands",
    "infra/cli/dlq.py": "outcomes",
    "infra/kafka/assignment.py": "what members of a group say of themselves",
}
# Of these the models are published, compared or counted; no event is read.
OF_THE_DECLARATIONS = {
    "contracts/catalogue.py",
    "contracts/stored_events.py",
    "contracts/samples.py",
    "contracts/schemas.py",
    "contracts/asyncapi.py",
}

# What tests are built with reads what it has just written.
KITS = ("workers/testing/", "infra/testing/")

everywhere = of_each(
    [path for path in sources("contracts", "workers", "infra") if not path.as_posix().startswith(KITS)]
)


@everywhere
def test_no_other_module_validates_json_that_may_be_an_event(path: Path) -> None:
    if path.as_posix() in OTHER_JSON:
        return
    for node in ast.walk(tree(path)):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        assert name not in VALIDATING, (
            f"line {getattr(node, 'lineno', 0)} validates JSON by {name}: read stored events by StoredEvents.read "
            "(contracts/stored_events.py); if it is something else, say so here"
        )


@everywhere
def test_no_other_module_looks_up_the_model_of_a_stored_event(path: Path) -> None:
    if path.as_posix() in OF_THE_DECLARATIONS:
        return
    for node in ast.walk(tree(path)):
        match node:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="catalogue")), attr="events" | "present" | "retired"):
                raise AssertionError(f"line {node.lineno} takes models from the catalogue: ask `stored_events()`")


def test_the_exceptions_are_needed() -> None:
    """Who is named above and does not validate any more could begin to read events unseen."""
    for name in OTHER_JSON:
        names = {node.attr for node in ast.walk(tree(Path(name))) if isinstance(node, ast.Attribute)}
        assert names & VALIDATING, f"{name} validates nothing: take it out"
