"""waiting line

Revision ID: 0002
Revises: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Text compares byte by byte: pseudonyms differ in the case of their letters.
MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

BYTES32 = sa.LargeBinary().with_variant(mysql.VARBINARY(32), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "line_actions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_actions")),
        **MYSQL,
    )
    with op.batch_alter_table("line_actions", schema=None) as batch_op:
        batch_op.create_index("ix_line_actions_event", ["event_id", "at"], unique=False)

    op.create_table(
        "line_leader",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_line_leader")),
        **MYSQL,
    )
    op.create_table(
        "line_places",
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=22), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "epoch", "idx", name=op.f("pk_line_places")),
        **MYSQL,
    )
    with op.batch_alter_table("line_places", schema=None) as batch_op:
        batch_op.create_index("ix_line_places_subject", ["event_id", "subject"], unique=False)

    op.create_table(
        "line_visits",
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=22), nullable=False),
        sa.Column("lease_id", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("admitted_at", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("live", sa.SmallInteger(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", "epoch", "idx", name=op.f("pk_line_visits")),
        sa.UniqueConstraint("event_id", "subject", "live", name="uq_line_visits_live"),
        **MYSQL,
    )
    with op.batch_alter_table("line_visits", schema=None) as batch_op:
        batch_op.create_index("ix_line_visits_admitted", ["event_id", "admitted_at"], unique=False)

    op.create_table(
        "lines",
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("salt", BYTES32, nullable=False),
        sa.Column("secret", BYTES32, nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("lobby_at", sa.BigInteger(), nullable=False),
        sa.Column("opens_at", sa.BigInteger(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("roll", BYTES32, nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("beacon_source", sa.String(length=40), nullable=True),
        sa.Column("beacon", sa.Text(), nullable=True),
        sa.Column("seed", BYTES32, nullable=True),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.Column("serving", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("message_ko", sa.String(length=400), nullable=False),
        sa.Column("message_en", sa.String(length=400), nullable=False),
        sa.Column("about", sa.Integer(), nullable=False),
        sa.Column("work_bits", sa.SmallInteger(), nullable=False),
        sa.Column("open_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_lines")),
        **MYSQL,
    )
    with op.batch_alter_table("lines", schema=None) as batch_op:
        batch_op.create_index("ix_lines_phase", ["phase"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("lines", schema=None) as batch_op:
        batch_op.drop_index("ix_lines_phase")

    op.drop_table("lines")
    with op.batch_alter_table("line_visits", schema=None) as batch_op:
        batch_op.drop_index("ix_line_visits_admitted")

    op.drop_table("line_visits")
    with op.batch_alter_table("line_places", schema=None) as batch_op:
        batch_op.drop_index("ix_line_places_subject")

    op.drop_table("line_places")
    op.drop_table("line_leader")
    with op.batch_alter_table("line_actions", schema=None) as batch_op:
        batch_op.drop_index("ix_line_actions_event")

    op.drop_table("line_actions")
