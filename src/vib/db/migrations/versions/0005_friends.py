"""Friends of other services: where users are linked to, and pictures that are no videos.

Revision: 0005
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ASSET_TYPES = (
    "original", "main", "poster", "poster_animated", "thumbnail", "image", "face",
)  # fmt: skip


def upgrade() -> None:
    """Apply the change."""
    op.add_column("contacts", sa.Column("picture_uri", sa.String(), nullable=True))
    op.add_column(
        "media", sa.Column("media_type", sa.String(), server_default="original", nullable=False)
    )
    op.alter_column("media", "media_type", server_default=None)
    op.alter_column("media", "sha256", nullable=True)
    op.create_check_constraint(
        op.f("ck_media_media_type"), "media", "media_type IN ('original', 'fb_face')"
    )
    op.create_check_constraint(
        op.f("ck_media_digest"), "media", "(media_type = 'original') = (sha256 IS NOT NULL)"
    )
    _allow_assets(*ASSET_TYPES, "fb_face")
    op.create_table(
        "links",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sealed_token", sa.String(), nullable=True),
        *(
            sa.Column(
                name,
                sa.DateTime(timezone=True),
                server_default=sa.text("now()"),
                nullable=False,
            )
            for name in ("created_at", "updated_at")
        ),
        sa.CheckConstraint(
            "status IN ('asked', 'listing', 'listed', 'linked', 'failed', 'unlinking')",
            name=op.f("ck_links_status"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_links_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "provider", name=op.f("pk_links")),
    )


def downgrade() -> None:
    """Take the change back; the rows of friends' pictures go, their files are of nobody then."""
    op.drop_table("links")
    op.execute(
        "UPDATE contacts SET picture_key = NULL WHERE picture_key IN"
        " (SELECT key FROM media_assets WHERE asset_type = 'fb_face')"
    )
    op.execute("DELETE FROM media WHERE media_type <> 'original'")
    op.execute("DELETE FROM media_assets WHERE asset_type = 'fb_face'")
    _allow_assets(*ASSET_TYPES)
    op.drop_constraint(op.f("ck_media_digest"), "media")
    op.drop_constraint(op.f("ck_media_media_type"), "media")
    op.alter_column("media", "sha256", nullable=False)
    op.drop_column("media", "media_type")
    op.drop_column("contacts", "picture_uri")


def _allow_assets(*types: str) -> None:
    name = op.f("ck_media_assets_asset_type")
    op.drop_constraint(name, "media_assets")
    op.create_check_constraint(name, "media_assets", f"asset_type IN {types}")
