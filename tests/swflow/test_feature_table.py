"""The lines of docs/swflow-features.md, each with the tests that show it."""

import ast
import re
from pathlib import Path

from harness.example import ROOT

PAGE = (ROOT / "docs/swflow-features.md").read_text()
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def rows(text: str) -> list[list[str]]:
    """The cells of every row that begins with something."""
    lines = re.findall(r"^\| [^|-].*\|$", text, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def functions(folder: Path) -> set[str]:
    trees = [ast.parse(path.read_text()) for path in folder.rglob("test_*.py")]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, DEFINITIONS)}


def test_every_line_is_shown_by_tests_that_exist() -> None:
    compared, _, shown = PAGE.partition("## What shows it")
    claimed = [row[0] for row in rows(compared) if row[1] == "yes"]
    named = {what: re.findall(r"`(test_\w+)`", cell) for what, cell in rows(shown)}

    assert claimed
    assert sorted(named) == sorted(claimed)
    assert [what for what in claimed if not named[what]] == []
    known = functions(Path(__file__).parent)
    assert [name for name in re.findall(r"`(test_\w+)`", shown) if name not in known] == []
