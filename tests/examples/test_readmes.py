"""What the READMEs and the other pages quote and link to."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from harness.example import ROOT

READMES = sorted((ROOT / "examples").glob("*/README.md"))

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples/README.md"]


@pytest.mark.parametrize("readme", READMES, ids=[each.parent.name for each in READMES])
def test_quoted_code_is_the_code(readme: Path) -> None:
    sources = [path.read_text() for path in readme.parent.glob("*.py")]
    lines = {line.strip() for source in sources for line in source.splitlines()}
    quoted = re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)

    assert [
        line for code in quoted for line in dedent(code).splitlines() if line not in lines
    ] == []


@pytest.mark.parametrize("page", [*PAGES, *READMES], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []
