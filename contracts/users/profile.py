"""The fields of a user: the language, how long the welcome waits, and those that a change may carry or leave out.

Left out of a change means: as it was. So null is refused where a value must stay, and clears the value where there may
be none.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from contracts.fields import WHOLE, EmailAddress, ShortText


def _refuse_null(value: str | None) -> str:
    if value is None:
        raise PydanticCustomError("null_refused", "Input should not be null: leave the field out to keep its value")
    return value


def _without_default(schema: dict[str, Any]) -> None:
    # A default of null would tell readers of the schema that leaving a field out and sending null are the same.
    schema.pop("default", None)


def _without_null(schema: dict[str, Any]) -> None:
    _without_default(schema)
    value, _ = schema.pop("anyOf")
    schema.update(value)


ChangedText = Annotated[ShortText | None, AfterValidator(_refuse_null), Field(json_schema_extra=_without_null)]
"""A text that may be left out, but not cleared."""

ChangedEmail = Annotated[EmailAddress | None, AfterValidator(_refuse_null), Field(json_schema_extra=_without_null)]
"""An e-mail address that may be left out, but not cleared."""

ClearableText = Annotated[
    ShortText | None, Field(json_schema_extra=_without_default, description="Null clears it; left out: as it was.")
]
"""A text that may be left out, or cleared by null."""

# RFC 5646, section 2.1, without the tags that it only grandfathers: a language with up to three extended ones, a
# script, a region, variants, extensions, and what is for private use. Section 4.4.1 gives a tag 35 characters.
_LANGUAGE_TAG = (
    r"^([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})"
    r"(-[A-Za-z]{4})?"
    r"(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
    r"(-[0-9A-WY-Za-wy-z](-[A-Za-z0-9]{2,8})+)*"
    r"(-[Xx](-[A-Za-z0-9]{1,8})+)?$"
)

LanguageTag = Annotated[
    str,
    StringConstraints(pattern=_LANGUAGE_TAG, min_length=2, max_length=35),
    Field(
        description="The language and region that the user prefers, as a BCP 47 language tag; und: undetermined.",
        examples=["en", "pt-BR"],
    ),
]
"""A BCP 47 language tag (RFC 5646), as it was written: well-formed, though nobody may speak it."""

UNDETERMINED = "und"
"""The language tag of a user who has named none (BCP 47)."""

WelcomeDelay = Annotated[
    int,
    Field(
        strict=True,
        ge=1,
        le=2_592_000,
        description="Seconds from the creation to the welcome, 30 days at most. Left out: at once.",
    ),
    WHOLE,
]
"""Seconds."""
