"""All tables of all rooms on one metadata: what migrations are compared with."""

from ticketing.accounts import sql as accounts_sql
from ticketing.base import outbox, peers
from ticketing.base.db import metadata
from ticketing.catalog import sql as catalog_sql
from ticketing.orders import sql as orders_sql
from ticketing.payments import sql as payments_sql
from ticketing.tickets import sql as tickets_sql
from ticketing.waiting import sql as waiting_sql

# Importing a room's sql module is what puts its tables on the metadata.
ROOMS = (accounts_sql, outbox, peers, catalog_sql, orders_sql, payments_sql, tickets_sql, waiting_sql)

__all__ = ["ROOMS", "metadata"]
