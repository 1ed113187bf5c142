"""The lines of docs/swflow-features.md, each with the tests that show it."""

import ast
import re
from pathlib import Path

from harness.example import ROOT

PAGE = (ROOT / "docs/swflow-features.md").read_text()
HERE = Path(__file__).parent


def rows(text: str) -> list[list[str]]:
    """The cells of every row that begins with something."""
    lines = re.findall(r"^\| [^|-].*\|$", text, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_line_is_shown_by_tests_that_exist() -> None:
    compared, _, shown = PAGE.partition("## What shows it")
    claimed = [row[0] for row in rows(compared) if row[1] == "yes"]
    named = {what: re.findall(r"`([\w/]+\.py)::(\w+)`", cell) for what, cell in rows(shown)}

    assert claimed
    assert sorted(named) == sorted(claimed)
    assert [what for what in claimed if not named[what]] == []
    missing = [
        f"{path}::{name}"
        for found in named.values()
        for path, name in found
        if not (HERE / path).exists() or name not in functions(HERE / path)
    ]
    assert missing == []
