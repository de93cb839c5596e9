"""The states of sagas as they were published, held against those that are declared now."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.compatibility.advice import put_the_saga_back, read_what_is_stored
from contracts.compatibility.publication import Break, Publication
from contracts.compatibility.rules import saga_state_breaks
from contracts.compatibility.variants import Schema


@dataclass(frozen=True, slots=True)
class DeclaredState:
    """The state of a saga of now. `model` is where its class stands: `workers.domain.users.welcome.WelcomeState`."""

    model: str
    schema: Schema


def broken_states(published: Publication, now: Publication, states: Mapping[str, DeclaredState]) -> list[Break]:
    """The states, by name, that do not read what is stored after the schemas that were published.

    A saga that was not published yet fits always. One that is gone breaks its instances as long as its file is still
    there `now`: to remove it as well says that it is meant.
    """
    result = []
    for name, before in sorted(published.states.items()):
        state = states.get(name)
        if state is not None and (reasons := saga_state_breaks(before, state.schema)):
            result.append(Break(name, tuple(reasons), read_what_is_stored(state.model, before, state.schema)))
        elif state is None and name in now.states:
            reason = "its instances are stored, and no saga of this name is declared any more"
            result.append(Break(name, (reason,), put_the_saga_back(name)))
    return result
