"""What the benchmark of the fleet says of its runs, and what it deploys."""

import io
import tarfile
from pathlib import Path

import pytest

from benchmarks.fleet import Run, _copy_as, main, report


def test_ratios_are_taken_within_a_round() -> None:
    runs = [
        Run("no-op", 4, "ours", 10, 2, 8),
        Run("no-op", 4, "stock", 30, 5, 25),
        Run("no-op", 4, "stock", 60, 5, 15),
        Run("no-op", 4, "ours", 30, 2, 8),
    ]
    *_, row = report(runs).splitlines()
    ours, stock = "20.0 s (2.0 + 8.0 s of CPU)", "45.0 s (5.0 + 20.0 s of CPU)"
    assert row == f"| no-op | 4 | {ours} | {stock} | 2.5 | 2.5 |"


def test_what_is_deployed_is_a_release_of_another_name(tmp_path: Path) -> None:
    first, second = tmp_path / "1-a.tar", tmp_path / "1-b.tar"
    with tarfile.open(first, "w") as archive:
        for name in ("opt/vib/incoming/1-a/vib.whl", "usr/local/bin/vib-run"):
            member = tarfile.TarInfo(name)
            member.size, member.mode = 4, 0o755
            archive.addfile(member, io.BytesIO(b"code"))
    _copy_as(first, second)
    with tarfile.open(second) as archive:
        assert archive.getnames() == ["opt/vib/incoming/1-b/vib.whl", "usr/local/bin/vib-run"]
        assert {each.mode for each in archive} == {0o755}
        file = archive.extractfile("opt/vib/incoming/1-b/vib.whl")
        assert file is not None
        assert file.read() == b"code"


def test_one_host_is_no_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--hosts", "1"])
    assert "a pipeline has two hosts at least" in capsys.readouterr().err
