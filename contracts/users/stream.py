"""A stream of the users context is one user, under the user's id."""

from contracts.fields import Identifier
from contracts.message import Message


class UserStream(Message, context="users", stream_field="user_id"):
    """The base of every command and event of the context."""

    user_id: Identifier
