"""The programs that supervisor starts on a host, checked side by side.

They are forked from one process, as loading the code takes longer than all that is checked.
"""

import json
import multiprocessing
import os
import pwd
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from swflow import SwflowError
from vib.errors import VibError


class Program(NamedTuple):
    """A program of supervisor's.

    Attributes:
        name: what it is called.
        user: whose rights it has.
        setting: the command that gives what follows it the program's environment.
        arguments: of `vib`.
    """

    name: str
    user: str
    setting: Sequence[str]
    arguments: Sequence[str]


def read(configuration: Path) -> list[Program]:
    """Read the programs of a configuration of supervisor's, all of which are `vib`.

    Raises:
        VibError: it cannot be read, or says something else.
    """
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(configuration.read_text(), str(configuration))
        return [
            _program(section.removeprefix("program:"), parser[section])
            for section in parser.sections()
            if section.startswith("program:")
        ]
    except (OSError, ConfigParserError, KeyError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise VibError(f"{configuration} does not tell what supervisor starts: {said}.") from error


def _program(name: str, section: Mapping[str, str]) -> Program:
    command = shlex.split(section["command"])
    at = [Path(each).name for each in command].index("vib")
    return Program(name, section["user"], command[:at], command[at + 1 :])


def problems_with(
    programs: Sequence[Program], check: Callable[[Sequence[str]], list[str]]
) -> list[str]:
    """Tell what is in the way of each, checked as its user and with its environment.

    Args:
        programs: what to check. To check those of other users is for root.
        check: tells what is in the way of a process, given the arguments of `vib`.
    """
    from vib import needs  # noqa: F401 - what all of them load
    from vib.db import migrate  # noqa: F401 - the same

    context = multiprocessing.get_context("fork")
    answers = []
    for program in programs:
        answer, end = context.Pipe(duplex=False)
        context.Process(target=_answer, args=(program, check, end)).start()
        end.close()
        answers.append(answer)
    return [
        f"{program.name}: {problem}"
        for program, answer in zip(programs, answers, strict=True)
        for problem in _received(answer)
    ]


def _received(answer: "Connection[None, None]") -> list[str]:
    try:
        problems: list[str] = json.loads(answer.recv_bytes())  # root unpickles nobody's objects
    except EOFError:
        return ["Its check ended without an answer."]
    return problems


def _answer(
    program: Program,
    check: Callable[[Sequence[str]], list[str]],
    end: "Connection[None, None]",
) -> None:
    try:
        user = pwd.getpwnam(program.user)
        environment = _environment(program.setting, user)
        _become(user)
        os.environ.clear()
        os.environ.update(environment)
        problems = check(program.arguments)
    except (VibError, SwflowError, OSError, KeyError, subprocess.CalledProcessError) as error:
        problems = [str(error)]
    end.send_bytes(json.dumps(problems).encode())


def _environment(setting: Sequence[str], user: pwd.struct_passwd) -> dict[str, str]:
    own = {**os.environ, "HOME": user.pw_dir, "USER": user.pw_name}
    said = subprocess.check_output([*setting, "env", "--null"], env=own, text=True)
    return dict(line.split("=", 1) for line in said.split("\0") if line)


def _become(user: pwd.struct_passwd) -> None:
    if user.pw_uid != os.getuid():
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
