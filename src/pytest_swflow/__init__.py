"""The pytest plugin of swflow: stored histories as tests, and an environment as a fixture.

Every run of pytest imports it where swflow is installed, so it imports swflow only if it is used.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from swflow.testing import Environment
    from swflow.tools.checking import Check
    from swflow.tools.histories import StoredHistory

_SUFFIXES = (".json", ".jsonl")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("swflow", "replay check of stored histories")
    group.addoption(
        "--swflow-histories",
        metavar="FOLDER",
        type=Path,
        help="every history in the JSON files there is a test: today's code has to do the same",
    )
    group.addoption(
        "--swflow-workflows", metavar="MODULE", action="append", help="where the workflows are"
    )
    group.addoption(
        "--swflow-payloads",
        metavar="MODULE:NAME",
        help="the program's swflow.Payloads, where those of the histories are stored or encrypted",
    )
    group.addoption(
        "--swflow-domain", metavar="NAME", help="where histories are from that do not say so"
    )
    parser.addini("swflow_histories", "the folder with histories to check", "paths")
    parser.addini("swflow_workflows", "the modules in which their workflows are", "args")
    parser.addini("swflow_payloads", "their swflow.Payloads, as package.module:name")
    parser.addini("swflow_domain", "where histories are from that do not say so")


def pytest_configure(config: pytest.Config) -> None:
    """Have the histories collected, if nobody asked for other tests alone."""
    asked = config.getoption("swflow_histories")
    if asked is None and config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    for folder in _folders(config):
        if not folder.is_dir():
            raise pytest.UsageError(f"--swflow-histories: {folder} is no folder")
        given = [(config.invocation_params.dir / arg.partition("::")[0]) for arg in config.args]
        if not any(folder.is_relative_to(each) for each in given):
            config.args.append(str(folder))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "HistoryFile | None":
    """Take the files with histories."""
    is_one = file_path.suffix in _SUFFIXES and any(
        file_path.is_relative_to(folder) for folder in _folders(parent.config)
    )
    return HistoryFile.from_parent(parent, path=file_path) if is_one else None


@pytest.fixture
def swflow_environment() -> "Iterator[Environment]":
    """A `swflow.testing.Environment`."""
    from swflow.testing import Environment  # noqa: PLC0415

    with Environment() as environment:
        yield environment


class HistoryFile(pytest.File):
    """A file with histories."""

    def collect(self) -> "Iterator[HistoryItem]":
        """A test for each of them."""
        from swflow import SwflowError  # noqa: PLC0415
        from swflow.tools.histories import read_histories  # noqa: PLC0415

        try:
            today = _check(self.config)
            histories = list(read_histories(self.path))
        except SwflowError as error:
            raise self.CollectError(str(error)) from error
        for number, history in enumerate(histories, start=1):
            name = history.workflow_id or " ".join(history.type)
            several = f"{number} " if len(histories) > 1 else ""
            more = {"history": history, "today": today}
            yield HistoryItem.from_parent(self, name=several + name, **more)


class HistoryItem(pytest.Item):
    """A history that today's code is run over."""

    def __init__(self, *, history: "StoredHistory", today: "Check", **more: Any) -> None:
        super().__init__(**more)
        self._history = history
        self._today = today

    def runtest(self) -> None:
        """Run today's code over it."""
        self._today.run(self._history)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """One sentence where code and history differ."""
        from swflow import SwflowError  # noqa: PLC0415

        if isinstance(excinfo.value, SwflowError):
            return f"{self._history.place}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """What the summary shows."""
        return self.path, None, f"history {self.name}"


_CHECK = pytest.StashKey["Check"]()


def _folders(config: pytest.Config) -> list[Path]:
    asked = config.getoption("swflow_histories")
    found = config.getini("swflow_histories") if asked is None else [asked]
    return [(config.invocation_params.dir / each).resolve() for each in found]


def _check(config: pytest.Config) -> "Check":
    """Today's code.

    Raises:
        SwflowError: it cannot be loaded, or nobody said where it is.
    """
    if _CHECK not in config.stash:
        from swflow import Payloads, SwflowError, WorkflowType  # noqa: PLC0415
        from swflow.tools.checking import Check  # noqa: PLC0415
        from swflow.tools.loading import load_one, load_types  # noqa: PLC0415

        names = _asked(config, "swflow_workflows")
        if not names:
            raise SwflowError("say where the workflows are: --swflow-workflows MODULE")
        payloads = _asked(config, "swflow_payloads")
        config.stash[_CHECK] = Check(
            [each for each in load_types(names) if isinstance(each, WorkflowType)],
            domain=_asked(config, "swflow_domain"),
            payloads=load_one(payloads, Payloads, "swflow.Payloads") if payloads else Payloads(),
        )
    return config.stash[_CHECK]


def _asked(config: pytest.Config, name: str) -> Any:
    """What the command line says, or else the ini file."""
    return config.getoption(name) or config.getini(name)
