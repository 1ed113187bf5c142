from pathlib import Path

import numpy as np
import pytest

from vib.faces.best import BestShots, Candidate
from vib.faces.detect import Detection
from vib.video.samples import Sample, Samples


@pytest.fixture(scope="module")
def samples(sample_frames: Path) -> list[Sample]:
    with Samples(sample_frames) as file:
        return list(file)


def track(samples: list[Sample], ranks: list[float]) -> BestShots:
    face = Detection((0, 0, 40, 40), 0.9, np.zeros((5, 2), np.float32))
    shots = BestShots(0.0)
    for number, rank in enumerate(ranks):
        shots.add(Candidate(samples[4 * number], face, rank))
    return shots


def test_the_best_few_of_a_track_are_looked_at_closely(samples: list[Sample]) -> None:
    shots = track(samples, [0.05, 0.6, 0.3, 0.7])

    assert [shot.rank for shot in shots.worth_a_look()] == [0.7, 0.6, 0.3]


def test_of_a_track_without_hope_one_shot_is_looked_at_closely(samples: list[Sample]) -> None:
    shots = track(samples, [0.02, 0.06, 0.01])

    assert [shot.rank for shot in shots.worth_a_look()] == [0.06]
