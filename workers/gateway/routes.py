"""The contexts that can be reached over HTTP: a new one adds its module here."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter

from workers.gateway import accounts, orders, stock, users
from workers.gateway.backend import Backend

Routes = Callable[[Backend], APIRouter]

ROUTES: Sequence[Routes] = (users.routes, orders.routes, accounts.routes, stock.routes)
