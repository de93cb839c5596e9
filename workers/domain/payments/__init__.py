"""The payments context: its decider and the account card."""

from contracts.payments.events import FundsDeclined, FundsDeposited
from workers.core.context import Context
from workers.domain.payments.access import access
from workers.domain.payments.analytics import analytics
from workers.domain.payments.card import card as account_card
from workers.domain.payments.decider import decider as account_decider
from workers.domain.payments.holdings import holdings

context = Context(
    "payments",
    account_decider,
    projections=(account_card,),
    holdings=holdings,
    access=access,
    analytics=analytics,
    noun="the account of the user",
    not_found="AccountNotFound",
    routes="workers.gateway.accounts",
    loud_when_repeated={
        FundsDeposited: "a second deposit of the same amount is more money",
        FundsDeclined: "who asks again waits for an answer again, and by then there may be enough",
    },
    adding_up=frozenset({FundsDeposited}),
)
