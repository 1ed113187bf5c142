"""What every role that has tasks has, and has alike."""

from typing import Any

import pytest
import yaml

from fleet.host import ROOT

ROLES = sorted(path.parent.parent.name for path in ROOT.glob("roles/*/tasks/main.yml"))
PLAIN = {"inventory"}  # it does nothing on a host, so no scenario has one

pytestmark = pytest.mark.parametrize("role", ROLES)


def read(role: str, file: str) -> Any:
    path = ROOT / "roles" / role / file
    return (yaml.safe_load(path.read_text()) if path.exists() else None) or {}


def options(role: str) -> dict[str, Any]:
    return dict(read(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"])


def test_its_defaults_are_those_that_its_arguments_tell(role: str) -> None:
    told = {name: each["default"] for name, each in options(role).items() if "default" in each}
    assert read(role, "defaults/main.yml") == told


def test_its_arguments_are_described_and_named_after_it(role: str) -> None:
    for name, option in options(role).items():
        assert name.startswith(f"{role}_")
        assert option["type"]
        assert option["description"].endswith(".")


def test_its_arguments_are_used(role: str) -> None:
    folders = [ROOT / "roles" / role / part for part in ("tasks", "templates", "vars", "handlers")]
    files = [path for folder in folders for path in folder.glob("*")]
    text = "\n".join(path.read_text() for path in files)
    assert [name for name in options(role) if name not in text] == []


def test_it_says_what_it_is_for(role: str) -> None:
    lines = (ROOT / "roles" / role / "README.md").read_text().splitlines()
    assert lines[0] == f"# {role}"
    assert any("Tag: `" in line or "Tags: `" in line for line in lines)
    assert read(role, "meta/main.yml")["galaxy_info"]["platforms"]


def test_its_readme_names_its_tags(role: str) -> None:
    said = (ROOT / "roles" / role / "README.md").read_text()
    tags = {tag for task in _tasks(role) for tag in task["tags"]}
    assert [tag for tag in sorted(tags) if f"`{tag}`" not in said] == []


def test_a_scenario_proves_it(role: str) -> None:
    folder = ROOT / "molecule" / role
    there = {path.name for path in folder.glob("*.yml")}
    assert role in PLAIN or there >= {"molecule.yml", "converge.yml", "verify.yml"}


def _tasks(role: str) -> list[dict[str, Any]]:
    return list(read(role, "tasks/main.yml"))
