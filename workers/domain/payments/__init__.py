"""The payments context: its decider and the account card."""

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
)
