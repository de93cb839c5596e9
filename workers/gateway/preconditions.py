"""If-Match and If-None-Match, parsed and evaluated as in RFC 9110, section 13. Pure.

The other preconditions need no code: without modification dates If-Modified-Since and If-Unmodified-Since are ignored,
and without ranges so is If-Range. If-Match is evaluated before If-None-Match, and both must hold.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from starlette.datastructures import Headers

from workers.gateway.problems import invalid_header

MAX_TAGS = 100

_OPAQUE = r'"[\x21\x23-\x7e\x80-\xff]*"'
_ELEMENT = re.compile(rf"[ \t]*(?:(W/)?({_OPAQUE}))?[ \t]*(?:,|$)")
# The tag of a card that other streams have a share in says more after a point: that is no version of anything.
_VERSION = re.compile(r'"([1-9][0-9]{0,17})(?:\.[0-9a-f]{1,64})?"')

_PUBLISHED_ELEMENT = r'[ \t]*(?:(?:W/)?"[\x21\x23-\x7e]*"[ \t]*)?'
TAGS_PATTERN = rf"^(\*|{_PUBLISHED_ELEMENT}(?:,{_PUBLISHED_ELEMENT})*)$"
"""What the OpenAPI document says of the two headers. Obsolete text in a tag is understood as well."""


class EntityTag(NamedTuple):
    """A tag with its quotes, and whether it is weak."""

    opaque: str
    weak: bool = False

    @property
    def version(self) -> int | None:
        """The version of a stream that the tag names, if it does."""
        match = _VERSION.fullmatch(self.opaque)
        return int(match[1]) if match else None


class Tags(NamedTuple):
    """What one of the two headers says: `any` for `*`, else the tags."""

    any: bool = False
    tags: Sequence[EntityTag] = ()

    def versions(self, *, strong: bool) -> frozenset[int]:
        """The versions that are named; a strong comparison leaves weak tags out."""
        return frozenset(tag.version for tag in self.tags if tag.version and not (strong and tag.weak))


class Current(NamedTuple):
    """A stream as it is: its version, 0 for none, and whether there is anything of it to be seen."""

    version: int
    exists: bool


NOTHING = Current(0, exists=False)


class Preconditions(NamedTuple):
    """Those of one request."""

    if_match: Tags | None = None
    if_none_match: Tags | None = None

    def __bool__(self) -> bool:
        return self != (None, None)

    @property
    def only_version(self) -> int | None:
        """The one version that a command may find, where they ask for no more than that."""
        if self.if_match is None or self.if_match.any or self.if_none_match is not None:
            return None
        versions = self.if_match.versions(strong=True)
        return min(versions) if len(versions) == 1 else None

    def hold_for(self, current: Current) -> bool:
        """Whether a command may find the stream so. Only versions count: nothing else of a card is the stream's own."""
        match, none_match = self
        versions = {current.version} if current.exists else set()
        if match is not None and not (current.exists if match.any else versions & match.versions(strong=True)):
            return False
        return none_match is None or not (
            current.exists if none_match.any else versions & none_match.versions(strong=False)
        )

    def status_for(self, tag: str | None) -> Literal[304, 412] | None:
        """What becomes of the answer to a query, a success with this ETag or none; None: it stays."""
        match, none_match = self
        if match is not None and not match.any and not any(_is_same(expected, tag) for expected in match.tags):
            return 412
        if none_match is not None and (none_match.any or any(seen.opaque == _opaque(tag) for seen in none_match.tags)):
            return 304
        return None

    @property
    def seen_version(self) -> int | None:
        """The version that the caller of a query has seen; of a choice in If-Match the earliest will do."""
        seen = self.if_none_match.versions(strong=False) if self.if_none_match else frozenset()
        expected = self.if_match.versions(strong=True) if self.if_match else frozenset()
        return max([*seen, *([min(expected)] if expected else [])], default=None)


def preconditions_of(headers: Headers) -> Preconditions:
    """Those that a request brings, the lines of each header taken together. Raises Problem for malformed ones."""
    return Preconditions(_tags_of(headers, "If-Match"), _tags_of(headers, "If-None-Match"))


def _tags_of(headers: Headers, name: str) -> Tags | None:
    lines = headers.getlist(name)
    if not lines:
        return None
    text = ", ".join(lines).strip(" \t")
    if text == "*":
        return Tags(any=True)
    tags: list[EntityTag] = []
    place = 0
    while place < len(text):
        element = _ELEMENT.match(text, place)
        if element is None or len(tags) > MAX_TAGS:
            raise invalid_header(
                name, f'must be * or at most {MAX_TAGS} ETags of earlier answers in their quotes, such as "3"'
            )
        if element[2] is not None:
            tags.append(EntityTag(element[2], element[1] is not None))
        place = element.end()
    return Tags(tags=tags)


def _is_same(expected: EntityTag, tag: str | None) -> bool:
    """Strongly compared. A command's answer has the bare version as its tag, which a card with that version matches."""
    if tag is None or tag.startswith("W/") or expected.weak:
        return False
    return expected.opaque == tag or (tag.startswith(f"{expected.opaque[:-1]}.") and expected.version is not None)


def _opaque(tag: str | None) -> str | None:
    return tag.removeprefix("W/") if tag is not None else None
