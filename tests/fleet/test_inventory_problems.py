"""What is said of an inventory that does not say enough."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleet.host import ROOT, load_program, run_tool

ROLE = ROOT / "roles/inventory"
KNOWN = yaml.safe_load((ROLE / "vars/main.yml").read_text())
VALUES = {"text": "text", "text or nothing": "", "number": 1, "list": ["one", "two"]}
MAIN = "in here/group_vars/all/main.yml."
VAULT = (
    "with `ansible-vault edit here/group_vars/all/vault.yml`; see Secrets in docs/operations.md."
)


@pytest.fixture
def given() -> dict[str, Any]:
    """Variables as they should be."""

    def value(kind: Any) -> Any:
        return VALUES[kind] if isinstance(kind, str) else {key: value(kind[key]) for key in kind}

    return {name: value(kind) for name, kind in KNOWN["inventory_variables"].items()}


@pytest.fixture
def groups() -> dict[str, list[str]]:
    """Groups as they should be."""
    return {name: ["worker1"] for name in KNOWN["inventory_groups"]} | {"database": []}


@pytest.fixture
def problems(given: dict[str, Any], groups: dict[str, list[str]]) -> Callable[[], list[str]]:
    """What the role says of both."""
    find = load_program(ROLE / "filter_plugins/inventory.py").inventory_problems
    wanted = KNOWN["inventory_variables"], groups, KNOWN["inventory_groups"]
    return lambda: list(find(given, *wanted, "here"))


def test_of_one_that_says_all_nothing(problems: Callable[[], list[str]]) -> None:
    assert problems() == []


def test_of_an_empty_group_what_nobody_does(problems: Callable[[], list[str]], groups: Any) -> None:
    groups["faces"] = []
    del groups["decider"]
    how = "add one to here/hosts.yml."
    assert problems() == [
        f"The group decider has no host, and no other decides what workflows do next: {how}",
        f"The group faces has no host, and no other finds faces: {how}",
    ]


def test_of_a_removed_variable_where_to_give_it(
    problems: Callable[[], list[str]], given: Any
) -> None:
    del given["vib_region"], given["vib_processes"]["faces"], given["vault_notify_secret"]
    assert problems() == [
        f"vault_notify_secret is missing: give it {VAULT}",
        f"vib_region is missing: give it {MAIN}",
        f"vib_processes.faces has to be a whole number, and is None: mend it {MAIN}",
    ]


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("vib_region", "", "a text that is not empty, and is ''"),
        ("vib_swf_retention_days", "7", "a whole number, and is '7'"),
        ("vib_swf_retention_days", True, "a whole number, and is True"),
        ("vib_upload_origins", "https://here", "a list of texts, and is 'https://here'"),
        ("vib_disabled_databases", [1], "a list of texts, and is [1]"),
        ("vib_s3_url", None, "a text, and is None"),
    ],
)
def test_of_a_wrong_type_what_it_has_to_be(
    problems: Callable[[], list[str]], given: Any, name: str, value: Any, what: str
) -> None:
    given[name] = value
    assert problems() == [f"{name} has to be {what}: mend it {MAIN}"]


def test_of_an_empty_secret_not_what_it_is(problems: Callable[[], list[str]], given: Any) -> None:
    given["vault_database_password"] = 5
    (said,) = problems()
    assert said == f"vault_database_password has to be a text that is not empty: mend it {VAULT}"


def test_of_a_missing_vault_how_to_make_one(problems: Callable[[], list[str]], given: Any) -> None:
    for name in [name for name in given if name.startswith("vault_")]:
        del given[name]
    (said,) = problems()
    assert said.startswith(
        "There are no secrets: make here/group_vars/all/vault.yml from inventories/vault."
    )


def test_of_a_name_that_is_not_known_which_is_meant(
    problems: Callable[[], list[str]], given: Any
) -> None:
    given["vib_regions"] = "us-east-1"
    (said,) = problems()
    assert said == (
        "vib_regions is not known any more, or is vib_region meant? Take it out of here/group_vars."
    )


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    """A copy of staging's inventory, with the example of a vault."""
    folder = tmp_path / "staging"
    shutil.copytree(ROOT / "inventories/staging", folder)
    shutil.copy(ROOT / "inventories/vault.example", folder / "group_vars/all/vault.yml")
    return folder


@pytest.fixture
def check(staging: Path, tmp_path: Path) -> Callable[[], str]:
    """Has ansible-playbook look at it."""
    password = tmp_path / "password"
    password.write_text("example")  # docs/operations.md names it
    vault = f"--vault-password-file={password}"
    playbook = str(ROOT / "playbooks/inventory.yml")
    return lambda: run_tool("ansible-playbook", f"-i={staging}", vault, playbook, check=False)


def test_the_playbook_takes_staging_with_the_example_of_a_vault(check: Callable[[], str]) -> None:
    assert "failed=0" in check()


def test_the_playbook_names_every_problem(check: Callable[[], str], staging: Path) -> None:
    hosts = staging / "hosts.yml"
    hosts.write_text(
        hosts.read_text().replace("faces:\n      hosts: *workers", "faces:\n      hosts: {}")
    )
    main = staging / "group_vars/all/main.yml"
    main.write_text(main.read_text().replace("vib_region: us-east-1\n", "vib_swf_domian: vib\n"))
    said, folder = check(), os.path.relpath(staging, ROOT)
    assert (
        f"The group faces has no host, and no other finds faces: add one to {folder}/hosts.yml."
        in said
    )
    assert f"vib_region is missing: give it in {folder}/group_vars/all/main.yml." in said
    assert "vib_swf_domian is not known any more, or is vib_swf_domain meant?" in said
    assert "failed=1" in said
