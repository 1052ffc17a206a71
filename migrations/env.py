"""Alembic environment. The connection is handed in by `ticketing migrate`; there is no alembic.ini."""

from alembic import context

from ticketing.wiring.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    # SQLite rolls DDL back with the transaction; MySQL commits each statement by itself.
    transaction_per_migration=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
