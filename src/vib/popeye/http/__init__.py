"""Popeye as an HTTP service: resumable uploads, and files that are there already."""
