"""Who may do what with users. A user's stream has the user's name: everybody reads and changes what is theirs."""

from contracts.users.commands import ChangePassword, CreateUser, DeleteUser, UpdateUser, WelcomeUser
from workers.core.access import OWNER, Access, OfSaga, Read, Scope, owned_by_its_name

READERS, WRITERS = Scope("users.read"), Scope("users.write")

access = Access(
    commands={
        CreateUser: (WRITERS, OWNER),
        UpdateUser: (WRITERS, OWNER),
        ChangePassword: (WRITERS, OWNER),
        DeleteUser: (WRITERS, OWNER),
        WelcomeUser: (OfSaga("welcome"),),
    },
    reads={
        Read.CARD: (READERS, OWNER),
        Read.PAST: (READERS, OWNER),
        Read.HISTORY: (READERS, OWNER),
        Read.FIND: (READERS,),
        Read.OUTCOME: (READERS, OWNER),
        Read.CORRELATION: (READERS, OWNER),
        Read.ANALYTICS: (READERS,),
    },
    owner=owned_by_its_name,
    owner_in=lambda card: str(card["user_id"]),
)
