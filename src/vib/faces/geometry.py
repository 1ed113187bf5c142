Box = tuple[float, float, float, float]
"""Left, top, width, height."""


def overlap(a: Box, b: Box) -> float:
    """Return how much of two boxes is common to them: intersection over union, 0 to 1."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (a[2] * a[3] + b[2] * b[3] - common)
