"""The people whom a user knows."""
