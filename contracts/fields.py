"""The kinds of value that messages are made of, each with its limit.

No text may contain a control character: PostgreSQL cannot store U+0000 in JSON, and these values have no use for the
others. pydantic rejects lone surrogates by itself. The patterns name U+0085 in addition to white space, because
pydantic counts it as white space and JSON Schema does not.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

MAX_IDENTIFIER_CHARACTERS = 128
MAX_EMAIL_CHARACTERS = 254

Identifier = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", min_length=1, max_length=MAX_IDENTIFIER_CHARACTERS),
    Field(description="Letters, digits and . _ : - ; starts with a letter or a digit."),
]
"""The id of a stream. Safe in a URL path, a Kafka key and a Redis key."""

ShortText = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*[^\s\x85\x00-\x1f\x7f][^\x00-\x1f\x7f]*$",
    ),
]
"""A name, a city, a reason: one line, and not only white space."""

EmailAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=3,
        max_length=MAX_EMAIL_CHARACTERS,
        pattern=r"^[^@\s\x85\x00-\x1f\x7f,;<>\x22()\[\]\\]{1,64}@[^@\s\x85\x00-\x1f\x7f.,;<>\x22()\[\]\\]+(\.[^@\s\x85\x00-\x1f\x7f.,;<>\x22()\[\]\\]+)+$",
    ),
    Field(
        description="local-part@domain.tld; compared without regard to case and to how Unicode composes it.",
        examples=["ada@example.org"],
    ),
]
"""An e-mail address: one @, a dotted domain, no white space. Only a message sent there shows whether it exists."""

PasswordHash = Annotated[
    str,
    StringConstraints(pattern=r"^\$argon2id\$v=\d+\$[A-Za-z0-9+/=,$]+$", max_length=512),
    Field(description="An argon2id hash in PHC string form; never a password in the clear."),
]
"""A password's argon2id hash. A clear password never matches, so it cannot be stored by mistake. Each model sets
`repr=False` on its own field, because pydantic reads it only there.
"""


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""For a strict int: neither a text nor true is a number, but 2.0 is 2, as in JSON Schema."""

Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000, description="How many pieces."), WHOLE]
"""A number of pieces."""

StockQuantity = Annotated[
    int, Field(strict=True, ge=1, le=100_000_000, description="How many pieces, over all lines."), WHOLE
]
"""The pieces of one SKU in a whole order: as many as its lines can add up to."""
