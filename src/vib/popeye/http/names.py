import base64
from pathlib import PurePosixPath

LONGEST_NAME = 200  # bytes
LONGEST_METADATA = 8_192  # characters


def read_metadata(header: str) -> dict[str, str]:
    """What a client says of a file in the header `Upload-Metadata`: names, and Base64 of values.

    Raises:
        ValueError: the header is not as the TUS protocol has it, or far too long.
    """
    if len(header) > LONGEST_METADATA:
        raise ValueError(f"it has more than {LONGEST_METADATA:,} characters")
    said = {}
    for pair in filter(None, map(str.strip, header.split(","))):
        name, _, encoded = pair.partition(" ")
        try:
            said[name] = base64.b64decode(encoded, validate=True).decode()
        except ValueError as error:
            raise ValueError(f"{name!r} is not UTF-8 in Base64") from error
    return said


def harmless(name: str) -> str:
    """A file's name for people to read that is one on every system; `video` if nothing is left."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = "".join(character for character in last if character.isprintable()).lstrip(". ")
    suffix = PurePosixPath(plain).suffix[:20]
    stem = plain.removesuffix(suffix).encode()[: LONGEST_NAME - len(suffix.encode())]
    return (stem.decode(errors="ignore") + suffix).strip() or "video"
