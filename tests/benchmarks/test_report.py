"""What a table says follows from the runs."""

from typing import Any

import pytest

from benchmarks import report
from benchmarks.contest import Run
from benchmarks.contestants import LOCALSWF, LOCALSWF_HTTP
from benchmarks.workloads import Workload


def run(contestant: str = LOCALSWF.name, workload: str = "W1", **changes: Any) -> Run:
    """1,000 activities in a second."""
    given = {
        "activities": 1000,
        "workflows": 10,
        "seconds": 1.0,
        "cpu_seconds": 0.5,
        "megabytes": 40.0,
        "disk_milliseconds": 0.3,
        **changes,
    }
    return Run(contestant, workload, **given)


def test_measures_are_per_activity() -> None:
    one = run(seconds=2.0, cpu_seconds=0.5, syncs=250)
    assert report.rate(one) == 500
    assert report.cpu(one) == 0.5
    assert report.syncs(one) == 0.25


def test_a_spread_has_the_median_and_both_ends() -> None:
    assert report.Spread.of([5.0, 1.0, 2.0]) == (2.0, 1.0, 5.0)
    assert report.Spread.of([1.0, 2.0]).median == 1.5


def test_a_table_keeps_counting_runs_out_of_the_times() -> None:
    runs = [run(seconds=1.0), run(seconds=2.0), run(seconds=4.0), run(seconds=100.0, syncs=300)]
    row = report.table(runs).splitlines()[-1]
    assert row == f"| {LOCALSWF.name} | 500 (250-1,000) | 0.50 | 0.30 | 40 |"


def test_ratios_are_taken_round_by_round() -> None:
    runs = [
        run(LOCALSWF_HTTP.name, seconds=1.0),
        run("peer", seconds=4.0),
        run(LOCALSWF_HTTP.name, seconds=2.0),
        run("peer", seconds=10.0),
    ]
    assert report.ratios(runs).splitlines()[-1] == "| peer | 4.5 (4.0-5.0) |"


def test_what_failed_has_no_figure() -> None:
    runs = [run(), run(workload="W2"), run("peer")]
    assert "| peer | 1,000 (1,000-1,000) | - |" in report.table(runs)
    assert report.ratios(runs).splitlines()[-1] == "| peer | 1.0 (1.0-1.0) | - |"


@pytest.mark.parametrize(
    ("workload", "total"),
    [
        (Workload("long", workflows=10, clients=10, activities=100), 100),
        (Workload("wide", workflows=1, clients=1, activities=100, parallel=True), 10),
        (Workload("many", workflows=200, clients=10, activities=1), 20),
    ],
)
def test_a_tenth_of_a_workload_keeps_its_form(workload: Workload, total: int) -> None:
    smaller = workload.scaled(0.1)
    assert smaller.total == total
    assert (smaller.clients, smaller.parallel) == (workload.clients, workload.parallel)
    assert (smaller.activities > 1) == (workload.activities > 1)
