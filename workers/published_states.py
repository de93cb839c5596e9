"""The states of sagas as JSON Schemas, beside those of the messages (contracts/schemas.py): `sagas/<name>.json` in the
folder of each published language.

No other service reads a state. But a later release does: it goes on from what an earlier one has stored. So the schemas
are committed too, a review shows each change of a state, and none is written anew that stored states would not fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.compatibility.files import SAGAS, files_under, publication_of, saga_state_name
from contracts.compatibility.publication import Break
from contracts.compatibility.saga_states import DeclaredState, broken_states
from contracts.schemas import DIALECT, ROOT, published_folder, schema_text
from workers.contexts import installed, load
from workers.core.saga import Saga, SagaState


@dataclass(frozen=True, slots=True)
class PublishedState:
    """The state of a saga of a context."""

    context: str
    saga: str
    model: type[SagaState]

    @property
    def name(self) -> str:
        """What it is called among what is published: `users.sagas.welcome`."""
        return saga_state_name(self.context, self.saga)

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of what is stored."""
        return {"$schema": DIALECT, "$id": self.name, **self.model.model_json_schema()}

    def path(self, root: Path = ROOT) -> Path:
        """Where its schema stands."""
        return published_folder(root, self.context) / SAGAS / f"{self.saga}.json"


def state_of(context: str, saga: Saga[Any]) -> PublishedState:
    """The state of this saga."""
    return PublishedState(context, saga.name, type(saga.initial))


def published_states() -> list[PublishedState]:
    """The states of the sagas of all contexts whose code is installed. Raises BrokenContext, ContextMissing and
    NamedTwice.
    """
    return [state_of(name, saga) for name, context in load().items() for saga in context.sagas]


def declared_states() -> Mapping[str, DeclaredState]:
    """The same by name, to be compared with what was published."""
    return {
        state.name: DeclaredState(f"{state.model.__module__}.{state.model.__qualname__}", state.schema)
        for state in published_states()
    }


def stale_states(root: Path = ROOT) -> list[Path]:
    """The files under `root` that are missing or differ from their state."""
    return sorted(path for path, text in _files(root).items() if not path.is_file() or path.read_text("utf-8") != text)


def undeclared_states(root: Path = ROOT) -> Mapping[Path, str]:
    """The files under `root` whose saga is not declared any more, each with the name of its state."""
    declared = _files(root)
    return {
        path: saga_state_name(context, path.stem)
        for context in installed()
        for path in sorted((published_folder(root, context) / SAGAS).glob("*.json"))
        if path not in declared
    }


def state_breaks(root: Path = ROOT) -> list[Break]:
    """The states that do not fit the schemas under `root`. Raises UnreadableSchema."""
    published = publication_of(files_under({context: published_folder(root, context) for context in installed()}))
    return broken_states(published, published, declared_states())


def write_states(root: Path = ROOT) -> list[Path]:
    """Write what is stale, except for states that do not fit their schema; returns the paths that changed. Raises
    UnreadableSchema.
    """
    broken = {state_break.type for state_break in state_breaks(root)}
    kept = {state.path(root) for state in published_states() if state.name in broken}
    wanted = _files(root)
    changed = [path for path in stale_states(root) if path not in kept]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8")
    return changed


def _files(root: Path) -> dict[Path, str]:
    return {state.path(root): schema_text(state.schema) for state in published_states()}
