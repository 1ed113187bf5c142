"""What tables say follows from the runs."""

from typing import Any

import pytest

from benchmarks import figures, report, targets
from benchmarks.contest import Run
from benchmarks.contestants import LOCALSWF, LOCALSWF_HTTP, RESTATE_CALLS
from benchmarks.workloads import WORKLOADS, Workload

PEER = RESTATE_CALLS.name


def run(contestant: str = LOCALSWF.name, workload: str = "W1", **changes: Any) -> Run:
    """1,000 activities in a second."""
    given = {
        "round": 1,
        "activities": 1000,
        "seconds": 1.0,
        "cpu_seconds": 0.5,
        "megabytes": 40.0,
        "disk_milliseconds": 0.3,
        **changes,
    }
    return Run(contestant, workload, **given)


def test_measures_are_per_activity() -> None:
    one = run(seconds=2.0, cpu_seconds=0.5, syncs=250)
    assert figures.rate(one) == 500
    assert figures.cpu(one) == 0.5
    assert figures.syncs(one) == 0.25


def test_a_spread_has_the_median_and_both_ends() -> None:
    assert figures.Spread.of([5.0, 1.0, 2.0]) == (2.0, 1.0, 5.0)
    assert figures.Spread.of([1.0, 2.0]) == (1.5, 1.0, 2.0)
    assert figures.Spread.of([]) is None


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [figures.percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50, 99, 100]
    assert figures.percentile([7.0], 0.5) == 7


def test_a_table_keeps_counting_runs_out_of_the_times() -> None:
    runs = [run(seconds=seconds, megabytes=36 + seconds) for seconds in (1.0, 2.0, 4.0)]
    runs.append(run(seconds=100.0, cpu_seconds=50.0, megabytes=900.0, syncs=300))
    row = report.table(runs).splitlines()[-1]
    assert row == f"| {LOCALSWF.name} | 500 (250 to 1,000) | 0.50 | 0.30 | 40 |"


def test_ratios_are_taken_from_round_to_round() -> None:
    runs = [
        run(PEER, round=1, seconds=4.0),
        run(LOCALSWF_HTTP.name, round=1, seconds=1.0),
        run(LOCALSWF_HTTP.name, round=2, seconds=1.0),
        run(LOCALSWF_HTTP.name, round=3, seconds=2.0),
        run(PEER, round=3, seconds=10.0),
    ]
    assert (
        report.ratios(runs, "times", figures.rate).splitlines()[-1]
        == f"| {PEER} | 4.5 (4.0 to 5.0) |"
    )


def test_half_the_cpu_time_is_twice_the_thrift() -> None:
    runs = [run(LOCALSWF_HTTP.name, cpu_seconds=0.5), run(PEER, cpu_seconds=1.0)]
    row = report.ratios(runs, "times", figures.thrift).splitlines()[-1]
    assert row == f"| {PEER} | 2.0 (2.0 to 2.0) |"


def test_there_are_no_ratios_without_a_peer() -> None:
    assert report.ratios([run()], "times", figures.rate) == ""
    assert report.ratios([run(PEER)], "times", figures.rate) == ""


def test_what_failed_has_no_figure() -> None:
    runs = [run(), run(workload="W2"), run(PEER)]
    assert f"| {PEER} | 1,000 (1,000 to 1,000) | - |" in report.table(runs)
    assert (
        report.ratios(runs, "times", figures.rate).splitlines()[-1]
        == f"| {PEER} | 1.0 (1.0 to 1.0) | - |"
    )


def test_targets_hold_or_are_missed() -> None:
    runs = [
        run(LOCALSWF_HTTP.name, cpu_seconds=1.2),
        run(LOCALSWF_HTTP.name, syncs=1001),
        run(PEER, seconds=4.0),
        run(cpu_seconds=0.51, megabytes=50.0),
    ]
    verdicts = [line.split(" | ")[1:] for line in targets.table(runs).splitlines()[2:]]
    assert verdicts == [
        ["at most 1.2 ms of CPU an activity", "1.20", "holds |"],
        ["at most 1 fsyncs an activity", "1.00", "missed |"],
        ["at most 0.5 ms of CPU an activity", "0.51", "missed |"],
        ["at most 50 MB", "50.00", "holds |"],
        [f"at least 4 times {PEER}", "4.0", "holds |"],
    ]


@pytest.mark.parametrize(
    ("workload", "total"),
    [
        (Workload("long", workflows=10, clients=10, activities=100), 100),
        (Workload("wide", workflows=5, clients=1, activities=100, parallel=True), 100),
        (Workload("many", workflows=200, clients=10, activities=1), 20),
    ],
)
def test_a_tenth_of_a_workload_keeps_its_form(workload: Workload, total: int) -> None:
    smaller = workload.scaled(0.1)
    assert smaller.total == total
    assert (smaller.clients, smaller.parallel) == (workload.clients, workload.parallel)
    assert (smaller.activities > 1) == (workload.activities > 1)


def test_a_full_workload_is_the_workload() -> None:
    assert [workload.scaled(1) for workload in WORKLOADS] == list(WORKLOADS)
