"""The saga "fulfilment": an order is paid and confirmed, or undone in every part. One instance an order.

    new --OrderPlaced--> reserve_funds --FundsReserved--> reserve_stock --all StockReserved--> confirm
        --OrderConfirmed--> capture_funds --FundsCaptured--> completed --OrderShipped--> ship_stock --> shipped
    reserve_funds | reserve_stock --a decline, a rejection, the deadline--> compensate --all is answered--> cancelled
    any of them before confirm --OrderCancelled (the customer, the closing of the account)--> compensate

A status names what is asked for next. The order's own stream decides between its confirmation and its cancellation:
in `confirm`, the deadline asks for a cancellation and waits for what becomes of it; whoever comes first in the stream
wins. Before that nobody is to confirm the order but this saga, so everything is given back at once. What is reserved
only after the order was cancelled, by a context that was away, is given back when it comes.

Anybody may send commands under the order's id. An event counts only as far as it is about the order's user, amount and
currency, or SKU and quantity, and answers what was asked for (parts.py). What somebody else has reserved otherwise is
in the way of the order, which is given up then; so is what somebody else releases. That a step has changed nothing is
an answer too: the deciders are quiet only for exactly what is reserved already.

The money is captured only after the confirmation, which is final. `stuck` is where a person has to look: the order is
confirmed and the money could not be captured, or what was reserved is gone; somebody else has confirmed what this gave
up, and nothing stays reserved for it; somebody else has taken the money or the goods of an order that is cancelled; or
a context failed to cancel or to release, or has not answered for long, though asked again (core/answers.py). It goes on
when the answer comes after all, as from a dead letter that is sent again.
"""

from workers.core.saga import Saga
from workers.domain.orders.fulfilment.decisions import decide
from workers.domain.orders.fulfilment.evolution import FOLLOWED, correlate, evolve
from workers.domain.orders.fulfilment.ownership import owns
from workers.domain.orders.fulfilment.state import SETTLED_STATUSES, FulfilmentState

fulfilment = Saga(
    name="fulfilment",
    reacts_to=FOLLOWED,
    initial=FulfilmentState(),
    correlate=correlate,
    evolve=evolve,
    decide=decide,
    settled_statuses=SETTLED_STATUSES,
    handles_rejections=True,
    owns=owns,
)
