"""Faces that nobody is to be told by have no embedding.

Revision: 0002
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FACES = "media_asset_features"


def upgrade() -> None:
    """Apply the change."""
    op.alter_column(FACES, "embedding", nullable=True)


def downgrade() -> None:
    """Take the change back; what faces look like that have no embedding is far from everybody."""
    op.execute(
        f"UPDATE {FACES} SET embedding = array_fill(9, ARRAY[128])::vector "  # noqa: S608
        "WHERE embedding IS NULL"
    )
    op.alter_column(FACES, "embedding", nullable=False)
