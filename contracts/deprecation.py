"""A command that is deprecated: since when, until when it is accepted, and what to send instead.

    LATE = Deprecated(since=date(2027, 6, 1), removed_on=date(2028, 6, 1), use="users.SignUp.v1")

    class CreateUser(Command, UserStream, deprecated=LATE): ...

It is handled as before. Its outcomes, its schema, the documents and the HTTP answers tell it, and operators see who
still sends it. The fields are those of the headers Deprecation (RFC 9745) and Sunset (RFC 8594).
"""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.usual_headers import TYPE_FORM


def _is_none(value: Any) -> bool:
    return value is None


class Deprecated(BaseModel):
    """Days begin at midnight UTC. Raises ValueError if it would be removed before it is deprecated, or if `use` is no
    wire type.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date = Field(description="The day from which on it is deprecated.")
    removed_on: date | None = Field(
        default=None, exclude_if=_is_none, description="The day from which on it may be refused."
    )
    use: str | None = Field(
        default=None,
        pattern=f"^{TYPE_FORM.pattern}$",
        exclude_if=_is_none,
        description="The wire type to send instead.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.removed_on is not None and self.removed_on < self.since:
            raise ValueError(f"it would be removed on {self.removed_on}, before it is deprecated on {self.since}")
        return self

    def to_json(self) -> bytes:
        """As outcomes have it: only what is said."""
        return self.__pydantic_serializer__.to_json(self)

    def __str__(self) -> str:
        """`deprecated since 2027-06-01, accepted until 2028-06-01: send users.SignUp.v1 instead`."""
        until = "" if self.removed_on is None else f", accepted until {self.removed_on}"
        instead = "" if self.use is None else f": send {self.use} instead"
        return f"deprecated since {self.since}{until}{instead}"


DEPRECATED: dict[str, Deprecated] = {}
"""Of every declared command that is deprecated, by wire type. message.py fills it."""
