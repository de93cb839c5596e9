"""The contexts that the processes of this installation serve: those that ANNALS_CONTEXTS chooses."""

from collections.abc import Mapping

from infra.settings import Settings
from workers.contexts import load
from workers.core.context import Context


def chosen_contexts(settings: Settings) -> Mapping[str, Context]:
    """The chosen contexts by their names, in alphabetical order; loaded once.

    Raises NoSuchContext, BrokenContext, ContextMissing and NamedTwice.
    """
    return load(settings.chosen_contexts)
