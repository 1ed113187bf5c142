"""What the examples' READMEs quote."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from harness.example import ROOT

READMES = sorted((ROOT / "examples").glob("*/README.md"))


@pytest.mark.parametrize("readme", READMES, ids=[each.parent.name for each in READMES])
def test_quoted_code_is_the_code(readme: Path) -> None:
    sources = [path.read_text() for path in readme.parent.glob("*.py")]
    lines = {line.strip() for source in sources for line in source.splitlines()}
    quoted = re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)

    assert [
        line for code in quoted for line in dedent(code).splitlines() if line not in lines
    ] == []
