"""What people are asked about faces, and whom of Mechanical Turk.

Revision: 0006
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("hit_id", sa.String(), nullable=True),
        sa.Column(
            "asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('merge', 'recognize')", name=op.f("ck_questions_kind")),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name=op.f("fk_questions_media_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint(
            "media_id", "kind", "track_id", name=op.f("uq_questions_media_id_kind_track_id")
        ),
    )
    op.create_table(
        "mturk_workers",
        sa.Column("worker_id", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreachable", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_mturk_workers")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("mturk_workers")
    op.drop_table("questions")
