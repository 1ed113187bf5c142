import getpass
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from harness.swf_server import SRC

from .conftest import Done


class Supervisor:
    """A configuration of supervisor's, whose programs are given settings as those of hosts are."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "programs.conf"
        self.file.touch()

    def add(self, name: str, arguments: str, *settings: str, user: str = getpass.getuser()) -> None:
        command = " ".join(["/usr/bin/env", *settings, "/opt/bin/vib", arguments])
        with self.file.open("a") as file:
            file.write(f"[program:{name}]\nprocess_name = %(program_name)s-%(process_num)d\n")
            file.write(f"command = {command}\nuser = {user}\n")

    def check(self) -> Done:
        return self.run("-m", "vib", "check", "--supervised", self.file)

    def run(self, *arguments: str | Path) -> Done:
        command = [sys.executable, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(SRC)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path)


@pytest.mark.usefixtures("context")
def test_where_nothing_is_in_the_way_of_any_program_nothing_is_said(supervisor: Supervisor) -> None:
    supervisor.add("decider", "decider")
    supervisor.add("orphan-faces", "job orphan-faces --every 6h")
    supervisor.add("recognise", "worker recognise notify --processes 2")

    assert supervisor.check() == (0, "", "")


@pytest.mark.usefixtures("context")
def test_each_program_is_checked_with_its_own_settings(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.add("one", "worker notify", "VIB_NOTIFY_SECRET=")
    supervisor.add("two", "worker notify", f"VIB_STORAGE_FOLDER={tmp_path}/programs.conf")
    supervisor.add("three", "worker notify")

    done = supervisor.check()

    assert done.status == 2
    one, two = done.err.splitlines()
    assert one.startswith("vib: one: ")
    assert "VIB_NOTIFY_SECRET" in one
    assert two.startswith("vib: two: ")
    assert "programs.conf" in two


@pytest.mark.skipif(os.getuid() != 0, reason="only root may check other users' programs")
def test_each_program_is_checked_as_its_user(supervisor: Supervisor) -> None:
    nobody = pwd.getpwnam("nobody")
    supervisor.add("theirs", "decider", user=nobody.pw_name)
    supervisor.add("ours", "decider")
    check = "lambda _: [str((*os.getresuid(), *os.getresgid(), *os.getgroups()))]"
    program = (
        "import os, sys; from pathlib import Path; from vib.cli.supervised import *;"
        f"print(*problems_with(read(Path(sys.argv[1])), {check}), sep=chr(10))"
    )

    done = supervisor.run("-c", program, supervisor.file)

    ids = (*[nobody.pw_uid] * 3, *[nobody.pw_gid] * 4)
    assert done.out.splitlines()[0] == f"theirs: {ids}"
    assert done.out.splitlines()[1].startswith("ours: (0, 0, 0, 0, 0, 0")


@pytest.mark.usefixtures("context")
def test_a_user_or_a_program_that_is_not_there_is_told(supervisor: Supervisor) -> None:
    supervisor.add("decider", "decider", user="no-such-user")
    supervisor.add("else", "nothing")

    done = supervisor.check()

    assert done.status == 2
    decider, other = done.err.splitlines()
    assert "no-such-user" in decider
    assert other == ("vib: else: Name a process and its arguments: vib check worker transcode.")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[program:a", "no section headers"),
        ("[program:a]\nuser = root\n", "'command'"),
        ("[program:a]\nuser = root\ncommand = sleep 5\n", "'vib' is not in list"),
    ],
)
def test_a_file_that_says_something_else_is_refused(
    supervisor: Supervisor, text: str, complaint: str
) -> None:
    supervisor.file.write_text(text)

    done = supervisor.check()

    assert done.status == 2
    (said,) = done.err.splitlines()
    assert said.startswith(f"vib: {supervisor.file} does not tell what supervisor starts: ")
    assert complaint in said
