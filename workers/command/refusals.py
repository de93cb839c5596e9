"""Commands that their senders may not send: what is kept of them.

The outcome is stored under an id of the record, and not under the command's: else anybody could spend the ids of
others' commands. So the record of who was refused what is complete, and the rightful sender is not hindered.
"""

from uuid_utils import UUID, uuid5


def refusal_id(command_id: str, partition: int, offset: int) -> str:
    """The id under which the refusal of the record at this place is stored, a UUID that follows from these."""
    return str(uuid5(UUID(command_id), f"refused/{partition}/{offset}"))
