"""Files that strangers may hand in as videos: broken, absurd, or made to do harm."""

import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from PIL import Image

Make = Callable[[], bytes]


@cache
def video(
    container: str = "mp4",
    codec: str = "libx264",
    *,
    size: tuple[int, int] = (64, 48),
    times: tuple[float, ...] = (),
    time_base: Fraction = Fraction(1, 30),
    sound: bool = False,
    audio_tracks: int = 0,
    **options: str,
) -> bytes:
    """A small sound video, of one second if nothing else is said."""
    random = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "video"
        file = av.open(str(path), "w", format=container, options=options)
        stream = file.add_stream(codec, 30)
        stream.width, stream.height = size
        stream.pix_fmt = {"png": "rgb24", "mjpeg": "yuvj420p", "prores_ks": "yuv422p10le"}.get(
            codec, "yuv420p"
        )
        stream.codec_context.time_base = time_base
        audios = [
            file.add_stream("aac", 48_000, layout="mono") for _ in range(audio_tracks or sound)
        ]
        for time in times or [index / 30 for index in range(30)]:
            noise = random.integers(0, 256, (size[1], size[0], 1), np.uint8).repeat(3, axis=2)
            frame = VideoFrame.from_ndarray(noise).reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = round(time / time_base), time_base
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        for audio in audios:
            _write_silence(file, audio)
        file.close()
        return path.read_bytes()


def _write_silence(file: OutputContainer, audio: AudioStream) -> None:
    frame = AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), "fltp", "mono")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
    file.mux(audio.encode(frame))
    file.mux(audio.encode(None))


def atom(kind: bytes, *content: bytes) -> bytes:
    """A box of an MP4 file."""
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def patched(content: bytes, after: bytes, offset: int, value: bytes) -> bytes:
    """The content with other bytes at a distance from the end of the first `after`."""
    place = content.index(after) + len(after) + offset
    return content[:place] + value + content[place + len(value) :]


def sound_alone() -> bytes:
    output = BytesIO()
    with av.open(output, "w", format="mp4") as file:
        _write_silence(file, file.add_stream("aac", 48_000, layout="mono"))
    return output.getvalue()


def still(kind: str) -> bytes:
    output = BytesIO()
    Image.new("RGB", (64, 48), "navy").save(output, kind)
    return output.getvalue()


def playlist(target: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n".encode()


def dash(target: str) -> bytes:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT9S"><Period><AdaptationSet mimeType="video/mp4">'
        f'<Representation id="1" bandwidth="1"><BaseURL>{target}</BaseURL>'
        '<SegmentList><SegmentURL media="x"/></SegmentList></Representation></AdaptationSet>'
        "</Period></MPD>"
    ).encode()


def reference_to(path: str) -> bytes:
    """An MP4 file whose media is said to be in another file."""
    name = path.encode()
    alias = struct.pack(">HH", 0, 150 + len(name)) + bytes(146) + struct.pack(">HH", 2, len(name))
    entry = atom(b"alis", bytes(4), alias, name, b"\xff\xff\0\0")
    content = video()
    start = content.index(b"dref") - 4
    (size,) = struct.unpack(">I", content[start : start + 4])
    grown = atom(b"dref", struct.pack(">II", 0, 1), entry)
    content = content[:start] + grown + content[start + size :]
    for parent in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        place = content.index(parent) - 4
        (old,) = struct.unpack(">I", content[place : place + 4])
        longer = struct.pack(">I", old + len(grown) - size)
        content = content[:place] + longer + content[place + 4 :]
    return content


def compressed_header_bomb() -> bytes:
    bomb = zlib.compress(bytes(200_000_000), 9)
    data = atom(b"cmvd", struct.pack(">I", 0x7FFFFFF0), bomb)
    return atom(b"ftyp", b"qt  \0\0\0\0qt  ") + atom(
        b"moov", atom(b"cmov", atom(b"dcom", b"zlib"), data)
    )


def nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = atom(b"trak", content)
    return atom(b"ftyp", b"isom\0\0\0\0isom") + atom(b"moov", content)


def plain() -> bytes:
    return video(sound=True)


def faststart() -> bytes:
    return video(sound=True, movflags="+faststart")


def mkv() -> bytes:
    return video("matroska", sound=True)


HOSTILE: dict[str, tuple[Make, str]] = {
    "empty": (lambda: b"", "is empty"),
    "zeros": (lambda: bytes(100_000), "is not a video"),
    "text": (lambda: b"Dear diary, " * 5000, "is not a video"),
    "noise": (lambda: np.random.default_rng(0).bytes(100_000), "is not a video"),
    "a still picture": (lambda: still("PNG"), "is not a video"),
    "a still AVIF": (lambda: still("AVIF"), "is a still picture"),
    "sound alone": (sound_alone, "no video stream, only sound"),
    "half, the index lost": (lambda: halved(plain()), "the index .* is missing"),
    "half, the index in front": (lambda: halved(faststart()), "truncated"),
    "half a Matroska": (
        lambda: halved(video("matroska", times=tuple(n / 10 for n in range(40)))),
        "truncated",
    ),
    "header alone": (lambda: plain()[:40], "index .* is missing|is not a video"),
    "playlist of a file": (lambda: playlist("/etc/passwd"), "is not a video"),
    "playlist of an address": (lambda: playlist("http://127.0.0.1:9/x.ts"), "is not a video"),
    "playlist by concat": (lambda: playlist("concat:/etc/passwd|/etc/group"), "is not a video"),
    "playlist by crypto": (lambda: playlist("crypto:data:,x"), "is not a video"),
    "DASH manifest": (lambda: dash("file:///etc/passwd"), "is not a video"),
    "concat script": (lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", "is not a video"),
    "session description": (
        lambda: b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 33\n",
        "is not a video",
    ),
    "filter script": (lambda: b"movie=/etc/passwd[out0]", "is not a video"),
    "subtitles": (lambda: b"1\n00:00:01,000 --> 00:00:02,000\nhi\n", "is not a video"),
    "picture list": (lambda: b"%d.png", "is not a video"),
    "reference to another file": (lambda: reference_to("/etc/passwd"), "damaged|not a video"),
    "too wide": (lambda: video(size=(8200, 16), times=(0.0, 0.1)), "is 8200x16 pixels"),
    "too large": (
        lambda: video("avi", "mjpeg", size=(6400, 5800), times=(0.0, 0.1)),
        "is 6400x5800 pixels",
    ),
    "header says huge": (
        lambda: patched(plain(), b"avc1", 24, struct.pack(">HH", 65_000, 65_000)),
        "",
    ),
    "two days": (
        lambda: video("matroska", "mpeg4", times=(0.0, 1.0, 2e5), time_base=Fraction(1, 1000)),
        "longer than the 24 hours",
    ),
    "a standing picture for a day": (
        lambda: video("matroska", "mpeg4", times=(0.0, 0.1, 8e4), time_base=Fraction(1, 1000)),
        "stands still for hours",
    ),
    "a million frames a second": (
        lambda: video(times=tuple(n / 1e6 for n in range(200)), time_base=Fraction(1, 1_000_000)),
        "frames a second; at most 1000",
    ),
    "a duration that is no number": (
        lambda: patched(mkv(), b"\x44\x89\x88", 0, struct.pack(">d", float("nan"))),
        "",
    ),
    "a duration without end": (
        lambda: patched(mkv(), b"\x44\x89\x88", 0, struct.pack(">d", 1e300)),
        "",
    ),
    "a duration below zero": (
        lambda: patched(mkv(), b"\x44\x89\x88", 0, struct.pack(">d", -1e12)),
        "",
    ),
    "hundreds of streams": (lambda: video("matroska", audio_tracks=100), ""),
    "a header that unpacks to gigabytes": (compressed_header_bomb, "no video stream"),
    "boxes in boxes in boxes": (lambda: nested(20_000), "is missing|not a video|no video stream"),
    "an index of billions": (
        lambda: patched(plain(), b"stsz", 8, struct.pack(">I", 0x7FFFFFFF)),
        "damaged|truncated|is missing|not a video",
    ),
    "a page that is a video too": (lambda: b"<html><script>alert(1)</script>" + plain(), "."),
    "a playlist that is a video too": (lambda: playlist("/etc/passwd") + plain(), "is not a video"),
    "a video that is an archive too": (lambda: plain() + b"PK\x03\x04" + bytes(1000), ""),
}
"""Each file's maker and what is said of it; nothing where it may turn out to be watchable."""


def mutated(seed: int) -> bytes:
    """A sound video with something wrong, the same for the same seed."""
    random = Random(seed)  # noqa: S311 - the same for the same seed
    content = bytearray(random.choice(_SOUND)())
    for _ in range(random.choice((1, 1, 2, 5, 20))):
        _DAMAGES[random.randrange(len(_DAMAGES))](content, random)
    return bytes(content)


_SOUND: tuple[Make, ...] = (
    plain,
    faststart,
    mkv,
    lambda: video("mpegts"),
    lambda: video("mpeg", "mpeg2video"),
    lambda: video("avi", "mpeg4"),
    lambda: video("avi", "mjpeg"),
    lambda: video("flv"),
    lambda: video("webm", "libvpx-vp9"),
    lambda: video("mov", "prores_ks"),
    lambda: video("mp4", "libx265"),
)


def _flip(content: bytearray, random: Random) -> None:
    if content:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def _flip_in_front(content: bytearray, random: Random) -> None:
    if content:
        content[random.randrange(min(len(content), 600))] = random.randrange(256)


def _overwrite(content: bytearray, random: Random) -> None:
    start = random.randrange(len(content) + 1)
    content[start : start + random.randrange(64)] = random.randbytes(random.randrange(64))


def _blow_up(content: bytearray, random: Random) -> None:
    """Put an extreme number somewhere: sizes, counts and times are all over such files."""
    start = random.randrange(len(content) + 1)
    number = random.choice((0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
    content[start : start + 4] = struct.pack(random.choice((">I", "<I")), number)


def _cut(content: bytearray, random: Random) -> None:
    del content[random.randrange(len(content) + 1) :]


def _repeat(content: bytearray, random: Random) -> None:
    start = random.randrange(len(content) + 1)
    piece = content[start : start + random.randrange(2000)]
    content[start:start] = piece * random.randrange(4)


_DAMAGES = (_flip, _flip, _flip_in_front, _overwrite, _blow_up, _blow_up, _cut, _repeat)
