"""SQLite's write-ahead log: whether what a crash left of it is all that was acknowledged.

SQLite reads its log up to the first frame that is not whole and drops the rest. After a crash that
is right: the last transaction may be there in parts, in any order, and nobody was told of it. It
is wrong for a log that was damaged later, since then transactions may follow that were on disk.

The format is SQLite's: https://www.sqlite.org/fileformat2.html#walformat
"""

import struct
from pathlib import Path

_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">6I")
_BYTE_ORDER = {0x377F0682: "<", 0x377F0683: ">"}
_WORD = 0xFFFFFFFF

Sums = tuple[int, int]


def loses_commits(path: Path) -> bool:
    """Whether SQLite would drop transactions from a log that were on disk, each by a sync.

    A transaction is written when the one before it is on disk. So the one that a crash tore is the
    last: its frame that commits, if it is there, has none behind it. Damage to the last
    transaction looks the same as that and is not seen.

    Raises:
        OSError: the log cannot be read.
    """
    with path.open("rb") as log:
        header = log.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return False
        magic, _, page_size, _, *salts, sum_0, sum_1 = _HEADER.unpack(header)
        order, sums = _BYTE_ORDER.get(magic, ">"), (sum_0, sum_1)
        if magic not in _BYTE_ORDER or _sums(order, header[:24], (0, 0)) != sums:
            # It was on disk before the first frame was written.
            return bool(log.read(1))
        torn = ended = False
        size = _FRAME_HEADER.size + page_size
        while len(frame := log.read(size)) == size:
            _, commits, *frame_salts, sum_0, sum_1 = _FRAME_HEADER.unpack_from(frame)
            # Others are left from before the log was begun anew.
            current = frame_salts == salts
            if not torn:
                content = frame[:8] + frame[_FRAME_HEADER.size :]
                sums = _sums(order, content, sums)
                torn = not current or sums != (sum_0, sum_1)
            if torn and current:
                if ended:
                    return True
                ended = bool(commits)
    return False


def _sums(order: str, content: bytes, sums: Sums) -> Sums:
    """SQLite's running checksum over some more bytes."""
    first, second = sums
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _WORD
        second = (second + odd + first) & _WORD
    return first, second
