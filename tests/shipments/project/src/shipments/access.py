"""Who may do what with shipments. The saga books them; carriers and staff write what happens."""

from shipments.contracts.commands import BookShipment, CancelShipment, DeliverShipment, DispatchShipment
from workers.core.access import Access, OfSaga, Read, Scope

READERS, WRITERS = Scope("shipments.read"), Scope("shipments.write")

access = Access(
    commands={
        BookShipment: (WRITERS, OfSaga("shipping")),
        DispatchShipment: (WRITERS,),
        DeliverShipment: (WRITERS,),
        CancelShipment: (WRITERS,),
    },
    reads=dict.fromkeys(Read, (READERS,)),
)
