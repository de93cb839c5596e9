"""The users context: its decider, the user card, the welcome and what can be undone."""

from contracts.users.events import PasswordChanged, UserDeleted
from workers.core.context import Context
from workers.domain.users.access import access
from workers.domain.users.card import card as user_card
from workers.domain.users.decider import decider as user_decider
from workers.domain.users.undo import undo
from workers.domain.users.welcome import welcome as user_welcome

context = Context(
    "users",
    user_decider,
    projections=(user_card,),
    sagas=(user_welcome,),
    undo=undo,
    access=access,
    noun="the user",
    not_found="UserNotFound",
    ended_by=UserDeleted,
    routes="workers.gateway.users",
    loud_when_repeated={
        PasswordChanged: "the state does not know the hash, so it cannot tell whether the password differs",
    },
)
