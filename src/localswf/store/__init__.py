"""What is on disk: one SQLite file of append-only histories, written in groups."""
