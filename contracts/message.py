"""The two kinds of message. A context's models derive from `Command` and `Event`; everything else follows from them.

A message is a frozen value that refuses unknown fields. Its wire type is `<context>.<Name>.v<schema version>`, where
the context is the name of the folder under `contracts/` in which the class is written.
"""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """What commands and events have in common.

    `stream_field` names the field that carries the id of the stream that the message is about.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    stream_field: ClassVar[str]
    schema_version: ClassVar[int] = 1
    context: ClassVar[str]
    name: ClassVar[str]
    type: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.context = cls.__module__.split(".")[1] if "." in cls.__module__ else ""
        cls.name = cls.__name__
        cls.type = f"{cls.context}.{cls.name}.v{cls.schema_version}"

    @property
    def stream_id(self) -> str:
        """The id of the stream that this message is about."""
        return str(getattr(self, self.stream_field))

    def to_json(self) -> bytes:
        """The message's fields as UTF-8 JSON: only those that were given, in the order in which they are declared."""
        return self.__pydantic_serializer__.to_json(self, exclude_unset=True)


class Command(Message):
    """A request to change one stream. Named in the imperative; may be refused."""


class Event(Message):
    """A fact about one stream. Named in the past tense; never changed, never refused."""
