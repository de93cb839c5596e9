"""A stream of the payments context is one user's account, under the user's id."""

from contracts.fields import Identifier
from contracts.message import Message


class AccountStream(Message, context="payments", stream_field="user_id"):
    """The base of every command and event of the context."""

    user_id: Identifier
