"""Animated posters and stills.

Revision: 0003
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "ck_media_assets_asset_type"
BEFORE = ("original", "main", "poster", "thumbnail", "face")
ADDED = ("poster_animated", "image")


def upgrade() -> None:
    """Apply the change."""
    _allow(*BEFORE, *ADDED)


def downgrade() -> None:
    """Take the change back; the rows of the pictures that it allowed go, their files stay."""
    op.execute(f"DELETE FROM media_assets WHERE asset_type IN {ADDED}")  # noqa: S608 - constants
    _allow(*BEFORE)


def _allow(*types: str) -> None:
    op.drop_constraint(op.f(NAME), "media_assets")
    op.create_check_constraint(op.f(NAME), "media_assets", f"asset_type IN {types}")
