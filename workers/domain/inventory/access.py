"""Who may do what with the stock. Everybody who is known sees what there is; who asked for it is for the staff."""

from contracts.inventory.commands import ReceiveStock, ReleaseStock, ReserveStock, ShipStock
from workers.core.access import KNOWN, OWNER, Access, OfSaga, Read, Scope

READERS, WRITERS = Scope("inventory.read"), Scope("inventory.write")
FULFILMENT = OfSaga("fulfilment")

access = Access(
    commands={
        ReceiveStock: (WRITERS,),
        ReserveStock: (FULFILMENT,),
        ReleaseStock: (FULFILMENT,),
        ShipStock: (FULFILMENT,),
    },
    reads={
        Read.CARD: (KNOWN,),
        Read.PAST: (READERS,),
        Read.HISTORY: (READERS,),
        Read.FIND: (READERS,),
        Read.OUTCOME: (READERS, OWNER),
        Read.CORRELATION: (READERS, OWNER),
        Read.ANALYTICS: (READERS,),
    },
)
