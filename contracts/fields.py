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

# m, the memory in KiB: 19456 to 299999. t, the passes: 2 to 10. p, the lanes: 1 to 16. Less is guessed too quickly
# (OWASP, Password Storage Cheat Sheet); more makes each check of a password a means to exhaust whoever makes it. A salt
# has 8 bytes or more and a hash 16 (RFC 9106, section 3.1), and none more than 64; both in base64.
_ARGON2ID = (
    r"^\$argon2id\$v=19"
    r"\$m=(1945[6-9]|194[6-9][0-9]|19[5-9][0-9]{2}|[2-9][0-9]{4}|[12][0-9]{5}),t=([2-9]|10),p=([1-9]|1[0-6])"
    r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$"
)

PasswordHash = Annotated[
    str,
    StringConstraints(pattern=_ARGON2ID, max_length=512),
    Field(
        description="An argon2id hash in PHC string form, version 19, with m from 19456 to 299999, t from 2 to 10 and "
        "p from 1 to 16; never a password in the clear."
    ),
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
