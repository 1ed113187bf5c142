class VibError(Exception):
    """What the pipeline raises on purpose; its text is one sentence for people."""


class BadVideo(VibError):  # noqa: N818 - named for what is wrong, as people meet it
    """The file cannot be processed, and trying again would not help."""
