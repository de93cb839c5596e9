"""Finds the example messages: each context's `examples` module names some, and one for every message there is."""

from collections.abc import Mapping

from contracts.installed import languages
from contracts.message import Message


def examples(context: str) -> Mapping[str, Message]:
    """The named examples of a context (`CREATE_ADA`), in the order in which they are written. Raises BrokenContext."""
    language = languages()[context]
    module = language.module(f"{language.value}.examples")
    return {name: value for name, value in vars(module).items() if isinstance(value, Message)}


def examples_of(model: type[Message]) -> Mapping[str, Message]:
    """The named examples of one message."""
    return {name: example for name, example in examples(model.context).items() if type(example) is model}
