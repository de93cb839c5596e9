"""The user card as it is shown."""

from datetime import datetime

import orjson
from pydantic import BaseModel, ConfigDict, Field

from workers.core.projection import Document
from workers.domain.users.sections import NOTHING_SPENT
from workers.gateway.answers import version_tag


class UserCard(BaseModel):
    """All that a page about a user shows."""

    model_config = ConfigDict(extra="forbid")

    user_id: str
    first_name: str
    last_name: str
    email: str
    city: str | None
    locale: str = Field(description="A BCP 47 language tag; und: undetermined.")
    created_at: datetime
    welcomed_at: datetime | None
    order_count: int = Field(description="Orders placed.")
    total_spent: str = Field(description="Money captured, as a decimal number in the currency of the account.")
    last_order_date: datetime | None
    version: int


class UserPage(BaseModel):
    """Users in the order of their ids. `cursor` continues after them; null at the end."""

    users: list[UserCard]
    cursor: str | None


def user_tag(card: Document) -> str:
    """The entity tag of a complete card. It changes with the orders and the spending too. In an If-Match only the
    version counts, because the rest does not belong to the user's stream.
    """
    orders = [card[field] for field in ("order_count", "last_order_date", "total_spent")]
    return version_tag(card["version"], b"" if orders == [0, None, NOTHING_SPENT] else orjson.dumps(orders))
