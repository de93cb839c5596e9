"""The two kinds of message. Each is declared once: its context, its stream, its name and its version.

A context has one base class, in its `stream` module, for all its messages:

    class UserStream(Message, context="users", stream_field="user_id"):
        user_id: Identifier

    class CreateUser(Command, UserStream): ...
    class UserCreated(Event, UserStream): ...

The wire type of a message is `<context>.<Name>.v<schema version>`: the name of the class and version 1, unless the
class says otherwise. It is stored with every event, so it never changes. The module that a class is written in has no
part in it. A newer version stands beside the older ones, which stay declared for ever:

    class UserCreatedV1(Event, UserStream, name="UserCreated"): ...
    class UserCreated(Event, UserStream, version=2): ...
"""

from collections.abc import Hashable
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from contracts.deprecation import DEPRECATED, Deprecated
from contracts.usual_headers import TYPE_FORM

RESERVED = frozenset({"context", "deprecation", "name", "schema_version", "stream_field", "stream_id", "type"})
"""What every message says of itself. No field can be called so."""


class MisdeclaredMessage(TypeError):
    """A message class lacks a part of its declaration, or contradicts another one. Correct the class."""

    def __init__(self, model: type, explanation: str) -> None:
        super().__init__(f"{model.__module__}.{model.__qualname__} {explanation}")
        self.model = model
        self.explanation = explanation


class Message(BaseModel):
    """What commands and events have in common: a frozen value that refuses unknown fields.

    `context` is the context that the message belongs to. `stream_field` names the field that carries the id of the
    stream that the message is about. Both are class arguments and inherited. `name` (that of the class, unless given)
    and `version` (1, unless given) are class arguments too, and not inherited; so is `deprecated`, of a command
    (deprecation.py). Raises MisdeclaredMessage when a message
    has no context, no stream field, or no field of that name, or a name or version that no wire type can have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    schema_version: ClassVar[int]
    context: ClassVar[str]
    stream_field: ClassVar[str]
    name: ClassVar[str]
    type: ClassVar[str]
    deprecation: ClassVar[Deprecated | None] = None

    def __init_subclass__(
        cls,
        *,
        context: str = "",
        stream_field: str = "",
        name: str = "",
        version: int = 1,
        deprecated: Deprecated | None = None,
        **options: Any,
    ) -> None:
        super().__init_subclass__(**options)
        if context:
            cls.context = context
        if stream_field:
            cls.stream_field = stream_field
        if Message in cls.__bases__:
            return  # a kind of message or the base of a context's messages: no message itself
        if not hasattr(cls, "context"):
            raise MisdeclaredMessage(cls, f'declares no context: class {cls.__name__}(…, context="…")')
        if not hasattr(cls, "stream_field"):
            raise MisdeclaredMessage(cls, f'declares no stream field: class {cls.__name__}(…, stream_field="…")')
        if "schema_version" in vars(cls):
            raise MisdeclaredMessage(cls, "sets schema_version: say class …(…, version=2) instead")
        cls.name, cls.schema_version = name or cls.__name__, version
        cls.type = f"{cls.context}.{cls.name}.v{cls.schema_version}"
        if not TYPE_FORM.fullmatch(cls.type):
            raise MisdeclaredMessage(cls, f"would have the wire type {cls.type}; one looks like users.UserCreated.v2")
        cls.deprecation = deprecated
        if deprecated is not None:
            if not issubclass(cls, Command):
                raise MisdeclaredMessage(cls, "is an event: it is not deprecated, but retired by an upcaster")
            DEPRECATED[cls.type] = deprecated

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """pydantic calls this when the fields of a class are complete."""
        if taken := sorted(RESERVED & cls.model_fields.keys()):
            raise MisdeclaredMessage(
                cls, f"has a field called {taken[0]}, as every message has: call it {cls.__name__.lower()}_{taken[0]}"
            )
        stream_field = getattr(cls, "stream_field", None)
        if stream_field is not None and stream_field not in cls.model_fields:
            raise MisdeclaredMessage(cls, f"has no field {stream_field}, which it declares as its stream field")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> dict[str, Any]:
        schema = handler(core_schema)
        if cls.deprecation is not None:
            handler.resolve_ref_schema(schema).update(
                {"deprecated": True, "x-deprecation": cls.deprecation.model_dump(mode="json")}
            )
        return schema

    @property
    def stream_id(self) -> str:
        """The id of the stream that this message is about."""
        return str(getattr(self, self.stream_field))

    def to_json(self) -> bytes:
        """The message's fields as UTF-8 JSON: only those that were given, in the order in which they are declared. The
        stream's field comes first.
        """
        return self.__pydantic_serializer__.to_json(self, exclude_unset=True)


class Command(Message):
    """A request to change one stream. Named in the imperative; may be rejected."""


# A frozen model has no other way to get its values but validation.
_new, _set = object.__new__, object.__setattr__


class Event(Message):
    """A fact about one stream. Named in the past tense; never changed, never rejected."""

    # The defaults of all fields, in the order of the declaration, and the fields without one. None: making an event of
    # this class takes more than values.
    _made_of: ClassVar[tuple[dict[str, Any], frozenset[str]] | None] = None

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        fields = cls.model_fields
        is_plain = (
            all(field.default_factory is None and isinstance(field.default, Hashable) for field in fields.values())
            and not cls.__private_attributes__
            and cls.__pydantic_post_init__ is None
        )
        required = frozenset(name for name, field in fields.items() if field.is_required())
        cls._made_of = ({name: field.default for name, field in fields.items()}, required) if is_plain else None

    @classmethod
    def model_construct(  # type: ignore[override]  # the type checker's plugin gives it the fields of each event
        cls, _fields_set: set[str] | None = None, **values: Any
    ) -> Self:
        """The event of values that have the form of its fields already, such as those of the command that it follows
        from. They are not validated again.

        Values that are computed, or come from outside, are given to the class itself, which validates them. Raises
        TypeError when a field is missing or unknown.
        """
        if cls._made_of is None:
            return cls(**values)
        defaults, required = cls._made_of
        given = set(values)
        fields = defaults | values
        if len(fields) > len(defaults) or not required <= given:
            unfit = sorted(given - defaults.keys() | required - given)
            raise TypeError(f"{cls.type} has missing or unknown fields: {', '.join(unfit)}")
        event = _new(cls)
        # What pydantic sets after a validation.
        _set(event, "__dict__", fields)
        _set(event, "__pydantic_fields_set__", given if _fields_set is None else _fields_set)
        _set(event, "__pydantic_extra__", None)
        _set(event, "__pydantic_private__", None)
        return event
