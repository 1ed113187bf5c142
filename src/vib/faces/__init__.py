"""Finds the faces of a video, follows and judges them, and tells whose they are."""
