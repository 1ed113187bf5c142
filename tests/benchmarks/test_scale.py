"""The benchmark of scale runs, so that it does not rot."""

from pathlib import Path

import pytest

from benchmarks import localswf_scale


@pytest.mark.slow
def test_the_command_prints_what_operations_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ["--executions", "8", "--events", "10", "20", "--calls", "3"]

    assert localswf_scale.main([*sizes, "--folder", str(tmp_path)]) == 0

    by_number, by_length = capsys.readouterr().out.strip().split("\n\n")
    assert "| start-up, s | " in by_number
    assert "| list closed, by workflowId | " in by_number
    assert by_length.splitlines()[0].endswith("| 10 | 20 |")
    assert "| last 100 events, closed | " in by_length
    assert list(tmp_path.iterdir()) == []
