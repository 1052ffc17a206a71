"""store sightings

Revision ID: 0003
Revises: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "store_sightings",
        sa.Column("store", sa.String(length=32), nullable=False),
        sa.Column("process", sa.String(length=120), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", name=op.f("pk_store_sightings")),
        **MYSQL,
    )


def downgrade() -> None:
    op.drop_table("store_sightings")
