"""Who may do what with accounts. Everybody sees their own; money comes in through whoever takes payments, and orders
take it through their saga.
"""

from contracts.payments.commands import CaptureFunds, DepositFunds, ReleaseFunds, ReserveFunds
from workers.core.access import OWNER, Access, OfSaga, Read, Scope, owned_by_its_name

READERS, WRITERS = Scope("payments.read"), Scope("payments.write")
FULFILMENT = OfSaga("fulfilment")

access = Access(
    commands={
        DepositFunds: (WRITERS,),
        ReserveFunds: (FULFILMENT,),
        ReleaseFunds: (FULFILMENT,),
        CaptureFunds: (FULFILMENT,),
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
