"""The pipeline's tables on PostgreSQL."""
