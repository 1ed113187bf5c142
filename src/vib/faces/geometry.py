from collections.abc import Iterable

Box = tuple[float, float, float, float]
"""Left, top, width, height."""


def overlap(a: Box, b: Box) -> float:
    """Return how much of two boxes is common to them: intersection over union, 0 to 1."""
    common = _common(a, b)
    return common / (a[2] * a[3] + b[2] * b[3] - common) if common else 0.0


def hidden(a: Box, b: Box) -> float:
    """Return how much of the smaller of two boxes the other covers, 0 to 1."""
    common = _common(a, b)
    return common / min(a[2] * a[3], b[2] * b[3]) if common else 0.0


def _common(a: Box, b: Box) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


def scaled(box: Box, x: float, y: float) -> Box:
    """Return the box in a picture stretched by `x` across and `y` down."""
    left, top, width, height = box
    return left * x, top * y, width * x, height * y


def covers(box: Box, place: tuple[float, float]) -> bool:
    """Tell whether a place, x and y, lies in a box."""
    left, top, width, height = box
    return left <= place[0] <= left + width and top <= place[1] <= top + height


def apart(boxes: Iterable[Box]) -> list[Box]:
    """Return boxes that cover the same places, those that overlap made one."""
    separate: list[Box] = []
    for box in boxes:
        joined = box
        while touching := [other for other in separate if overlap(other, joined)]:
            separate = [other for other in separate if other not in touching]
            joined = _around([joined, *touching])
        separate.append(joined)
    return separate


def _around(boxes: list[Box]) -> Box:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right = max(left_ + width for left_, _, width, _ in boxes)
    bottom = max(top_ + height for _, top_, _, height in boxes)
    return left, top, right - left, bottom - top
