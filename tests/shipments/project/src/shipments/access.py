"""Who may do what with shipments. The saga books them; carriers and staff write what happens."""

from contracts.orders.commands import DeliverOrder, ShipOrder
from shipments.contracts.commands import BookShipment, CancelShipment, DeliverShipment, DispatchShipment
from workers.core.access import Access, OfSaga, Read, Scope

READERS, WRITERS = Scope("shipments.read"), Scope("shipments.write")
SHIPPING = OfSaga("shipping")

access = Access(
    commands={
        BookShipment: (WRITERS, SHIPPING),
        DispatchShipment: (WRITERS,),
        DeliverShipment: (WRITERS,),
        CancelShipment: (WRITERS,),
    },
    elsewhere={ShipOrder: (SHIPPING,), DeliverOrder: (SHIPPING,)},
    reads=dict.fromkeys(Read, (READERS,)),
)
