"""The declaration of shipments, by which Annals runs it."""

from shipments.access import access
from shipments.card import card
from shipments.decider import decider
from shipments.shipping import shipping
from shipments.states import TABLE
from workers.core.context import Context

context = Context(
    "shipments",
    decider,
    projections=(card,),
    sagas=(shipping,),
    access=access,
    diagram=TABLE.diagram,
    noun="the shipment",
    not_found="ShipmentNotFound",
)
