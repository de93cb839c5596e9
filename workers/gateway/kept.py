"""How routes name the streams of a context."""

from typing import NamedTuple

from workers.core.context import Context


class Kept(NamedTuple):
    """How the routes of a context name its streams: `path` (in the context's router) with its `parameter`, `noun` in
    texts, `not_found` as the code of the problem if a stream does not exist. `ended_by` is the bare type of the event
    after which the stream has no card any more.
    """

    context: str
    path: str
    parameter: str
    noun: str
    not_found: str
    ended_by: str | None = None


def kept_of(context: Context, path: str, parameter: str) -> Kept:
    """The streams of a context at such a path, as its declaration names them."""
    ended_by = None if context.ended_by is None else context.ended_by.name
    return Kept(context.name, path, parameter, context.noun, context.not_found, ended_by)
