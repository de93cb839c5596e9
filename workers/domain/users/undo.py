"""The command that undoes the last change of a user: it gives the changed fields their values before the change.

A pure function of the stream's history. Its command is an ordinary one with an event of its own, so to undo an undo
brings the change back. It may still be rejected: another user may have the old e-mail address by now.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from contracts.message import Command
from contracts.users.commands import UpdateUser
from contracts.users.events import PasswordChanged, UserCreated, UserDeleted, UserEvent, UserUpdated, UserWelcomed
from workers.core.decider import Rejection
from workers.core.folding import fold
from workers.core.recorded import Recorded
from workers.domain.users.decider import PROFILE_FIELDS, decider

NO_INVERSE: Mapping[type[UserEvent], str] = {
    UserCreated: "an id is used once, so taking the user away would be final; DeleteUser does that",
    PasswordChanged: "the password before it is kept nowhere",
    UserDeleted: "the id stays used and the password is gone",
}


def undo(history: Sequence[Recorded]) -> Command | Rejection:
    """The UpdateUser that gives the fields of the last change their values before it, or the rejection NothingToUndo
    with the reason. A UserWelcomed is no change, and is skipped.

    `history` is the whole of the stream, so it begins with the UserCreated.
    """
    events = [cast(UserEvent, recorded.event) for recorded in history]
    *before, last = [event for event in events if not isinstance(event, UserWelcomed)]
    if isinstance(last, UserUpdated):
        state = fold(decider, before)
        changed = [field for field in PROFILE_FIELDS if field in last.model_fields_set]
        return UpdateUser(user_id=last.user_id, **{field: getattr(state, field) for field in changed})
    return Rejection(
        "NothingToUndo",
        f"The last change of the user {last.user_id} is {last.name}, which has no inverse: {NO_INVERSE[type(last)]}.",
        {"event": last.name},
    )
