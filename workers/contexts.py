"""Finds the contexts whose code is installed, and loads those that a process shall serve.

Those that Annals ships are the folders of `workers/domain`. Others come from distributions of their own, which declare
them by entry points, beside their published language (contracts/installed.py):

    [project.entry-points."annals.contexts"]
    shipments = "shipments.context:context"  # the context, and the module and the name of its `Context`

The code of a context is loaded only if it is chosen. What is wrong with it is told with its distribution.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache

from contracts.installed import GROUP as LANGUAGES
from contracts.installed import SHIPPED_BY, BrokenContext, Declaration, declarations, languages
from workers import domain
from workers.core.context import Context

GROUP = "annals.contexts"


class NoSuchContext(Exception):
    """A context is chosen that is not installed with its code."""

    def __init__(self, name: str, installed: Iterable[str]) -> None:
        names = list(installed)
        near = get_close_matches(name, names, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        if name in languages():
            hint = f" Its published language alone is installed, by {languages()[name].distribution}."
        super().__init__(f"There is no context {name} to serve.{hint} Installed are: {', '.join(names)}.")
        self.name = name


class ContextMissing(Exception):
    """A chosen context follows the events of another one that is not chosen, and so never come."""

    def __init__(self, name: str, what: str, other: str, chosen: Iterable[str]) -> None:
        super().__init__(
            f"The context {name} needs the context {other}: its {what} follows events of {other}. Choose it too "
            f"(ANNALS_CONTEXTS={','.join([*chosen, other])}), or leave {name} out."
        )
        self.name = name
        self.other = other


class NamedTwice(Exception):
    """Two chosen contexts give one name to what is stored or asked for by its name."""

    def __init__(self, kind: str, name: str, contexts: Sequence[str]) -> None:
        super().__init__(
            f"The contexts {contexts[0]} and {contexts[1]} both have a {kind} called {name}. Rename that of one, or "
            "leave one context out (ANNALS_CONTEXTS)."
        )


@cache
def installed() -> Mapping[str, Declaration]:
    """The contexts whose code is installed, in alphabetical order. Raises BrokenContext."""
    shipped = {
        name: Declaration(GROUP, name, f"{module}:context", SHIPPED_BY) for name, module in domain.packages().items()
    }
    others = declarations(GROUP)
    for name in shipped.keys() & others.keys():
        raise BrokenContext(others[name], f"{SHIPPED_BY} ships a context of that name", "Give it another name")
    return dict(sorted({**shipped, **others}.items()))


@cache
def load(names: tuple[str, ...] = ()) -> Mapping[str, Context]:
    """These contexts by their names, in alphabetical order; without names all that are installed.

    Sections of read models that contexts feed which are not chosen are left out: they would stay empty. Raises
    NoSuchContext, BrokenContext, ContextMissing and NamedTwice.
    """
    available = installed()
    for name in names:
        if name not in available:
            raise NoSuchContext(name, available)
    contexts = {name: _loaded(declaration) for name, declaration in available.items() if not names or name in names}
    for context in contexts.values():
        for what, other in _followed(context):
            if other not in contexts:
                raise ContextMissing(context.name, what, other, contexts)
    check_names(contexts.values())
    whole = {name: _of_chosen(context, contexts.keys()) for name, context in contexts.items()}
    return {name: _granted(context, whole.values()) for name, context in whole.items()}


def check_names(contexts: Iterable[Context]) -> None:
    """Raises NamedTwice when contexts give one name twice."""
    owners: dict[tuple[str, str], str] = {}
    for context in contexts:
        named = [("read model", projection.name) for projection in context.projections]
        named += [("saga", saga.name) for saga in context.sagas]
        named += [("metric", metric.name) for metric in context.analytics.metrics]
        named += [("series", series.name) for series in context.analytics.series]
        for kind, name in named:
            other = owners.setdefault((kind, name), context.name)
            if other != context.name:
                raise NamedTwice(kind, name, (other, context.name))


def _loaded(declaration: Declaration) -> Context:
    module_name, _, attribute = declaration.value.partition(":")
    if not module_name or not attribute.isidentifier():
        raise BrokenContext(declaration, "it must have the form package.module:context")
    if declaration.name not in languages():
        advice = f"Declare its package of messages in the group {LANGUAGES} too"
        raise BrokenContext(declaration, f"there is no published language of {declaration.name}", advice)
    module = declaration.module(module_name)
    context = getattr(module, attribute, None)
    if context is None:
        raise BrokenContext(declaration, f"{module_name} has no {attribute}")
    if not isinstance(context, Context):
        raise BrokenContext(
            declaration, f"{attribute} is a {type(context).__name__}, and no workers.core.context.Context"
        )
    own = {saga.name for saga in context.sagas}
    for command, sagas in context.access.elsewhere.items():
        for saga in sagas:
            if saga.name not in own:
                raise BrokenContext(declaration, f"its access lets {saga} send {command.type}, and it has no such saga")
    if context.name != declaration.name:
        raise BrokenContext(declaration, f"its context is called {context.name}")
    return context


def _followed(context: Context) -> Iterable[tuple[str, str]]:
    """What of a context follows the events of which other context."""
    for saga in context.sagas:
        yield from ((f"saga {saga.name}", other) for other in sorted(saga.contexts) if other != context.name)
    for projection in context.projections:
        if projection.context != context.name:
            yield f"read model {projection.name}", projection.context


def _granted(context: Context, contexts: Iterable[Context]) -> Context:
    """The context with its commands open to the sagas of others that these say send them."""
    commands = dict(context.access.commands)
    for other in contexts:
        for command, sagas in other.access.elsewhere.items():
            if command.context == context.name and other is not context:
                commands[command] = (*commands.get(command, ()), *sagas)
    if commands == context.access.commands:
        return context
    return replace(context, access=replace(context.access, commands=commands))


def _of_chosen(context: Context, chosen: Iterable[str]) -> Context:
    """The context without the sections of its read models that no chosen context feeds."""
    if all(section.context in chosen for projection in context.projections for section in projection.sections):
        return context
    projections = tuple(
        replace(projection, sections=tuple(section for section in projection.sections if section.context in chosen))
        for projection in context.projections
    )
    return replace(context, projections=projections)
