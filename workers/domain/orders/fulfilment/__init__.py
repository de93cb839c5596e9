"""The saga "fulfilment": an order is paid and confirmed, or compensated in every part. One instance per order.

    new --OrderPlaced--> reserve_funds --FundsReserved--> reserve_stock --all StockReserved--> confirm
        --OrderConfirmed--> capture_funds --FundsCaptured--> completed --OrderShipped--> ship_stock --> shipped
    reserve_funds | reserve_stock --a decline, a rejection, the deadline--> compensate --all is answered--> cancelled
    any of them before confirm --OrderCancelled (the customer, the closing of the account)--> compensate

A status names the next action. The order's own stream decides between its confirmation and its cancellation: when the
deadline passes in `confirm`, the saga asks for a cancellation and waits; the command that comes first in the stream
wins. Before `confirm` only this saga confirms the order, so everything is given back at once. What a context that was
away reserves after the cancellation is given back when the event comes.

Anybody may send commands under the order's id. An event counts only when it is about the order's user, amount and
currency, or SKU and quantity, and answers what was asked for (parts.py). If another sender has reserved something else,
or releases what was reserved, the order is given up. That a step has changed nothing is an answer too: the deciders are
quiet only for exactly what is reserved already.

The money is captured only after the confirmation, which is final. An instance is `stuck` when a person has to look:

- the order is confirmed, and the money could not be captured or what was reserved is gone;
- another sender has confirmed an order that this saga gave up, and nothing stays reserved for it;
- another sender has taken the money or the goods of a cancelled order;
- a context failed to cancel or to release, or did not answer the last repeat (core/answers.py).

It goes on when the answer comes after all, as from a dead letter that is sent again.

evolution.py records the facts (state.py), with parts.py for one part of the order, asks.py for the steps that have no
answer yet, and progress.py for what an event means for the whole order. decisions.py derives commands and deadlines.
ownership.py says which reservations are the order's own.
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
