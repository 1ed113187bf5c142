from collections.abc import Iterator
from typing import Any

from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream


def packets(container: InputContainer, *streams: Stream) -> Iterator["Packet[Any]"]:
    """Yield the packets of an open file, of some streams or of all.

    Streams that appear on the way, as they may in MPEG's formats, are left out.
    """
    while True:
        try:
            yield from container.demux(*streams)
        except IndexError:  # PyAV looks a stream up that was not there when the file was opened
            continue
        return
