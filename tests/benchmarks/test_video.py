from pathlib import Path

import pytest

from benchmarks.video import Source, compare
from harness.hostile_media import video


def test_a_film_is_a_line_of_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(video("matroska", sound=True))

    compare(Source("film", film), tmp_path, rounds=1)

    name, outputs, ours, naive, times, cost, likeness = (
        cell.strip() for cell in capsys.readouterr().out.strip().strip("|").split("|")
    )
    assert (name, outputs) == ("film, 1 s", "480p")
    assert float(ours) > 0
    assert float(naive) > 0
    assert float(times) > 0
    assert cost.endswith("%")
    assert 0.5 < float(likeness) <= 1
