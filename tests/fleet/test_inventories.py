"""What the inventories say, and that everybody reads the same in them."""

import json
import re
from typing import Any

import pytest
import yaml

import fabfile
from fleet.host import ROOT, run_tool

ENVIRONMENTS = ("local", "molecule", "prod", "staging")


def variables_of(environment: str) -> dict[str, Any]:
    path = ROOT / "inventories" / environment / "group_vars/all/main.yml"
    return dict(yaml.safe_load(path.read_text()))


def groups_of(environment: str) -> dict[str, Any]:
    path = ROOT / "inventories" / environment / "hosts.yml"
    return dict(yaml.safe_load(path.read_text())["all"]["children"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_fab_and_ansible_mean_the_same_hosts(environment: str) -> None:
    source = str(ROOT / "inventories" / environment)
    listed = json.loads(run_tool("ansible-inventory", "-i", source, "--list"))["_meta"]["hostvars"]
    by_ansible = {
        (
            name,
            host.get("ansible_host", name),
            host.get("ansible_port"),
            host.get("ansible_user"),
            host.get("ansible_ssh_private_key_file"),
        )
        for name, host in listed.items()
    }
    by_fab = {
        (host.name, host.address, host.port, host.user, host.key)
        for host in fabfile._hosts(environment, "all")
    }
    assert by_fab == by_ansible


def test_molecule_is_given_inventories_as_they_are() -> None:
    files = [ROOT / ".config/molecule/config.yml", *ROOT.glob("molecule/*/molecule.yml")]
    given = re.findall(r"--inventory=\S+", "".join(path.read_text() for path in files))
    folder = "--inventory=${MOLECULE_PROJECT_DIRECTORY}"
    assert given[0] == f"{folder}/molecule/hosts/one.yml"
    assert set(given[1:]) <= {f"{folder}/inventories/molecule"}


def test_every_environment_has_the_same_groups() -> None:
    staging = groups_of("staging")
    assert groups_of("prod").keys() == groups_of("local").keys() == staging.keys()
    assert groups_of("molecule").keys() > staging.keys()  # stand-ins for what is not ours, too
    children = staging["pipeline"]["children"]
    assert all(groups_of(each)["pipeline"]["children"] == children for each in ENVIRONMENTS)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_has_the_variables_that_are_known(environment: str) -> None:
    roles = ROOT / "roles/inventory/vars/main.yml"
    known = yaml.safe_load(roles.read_text())["inventory_variables"]
    secrets = variables_of(environment).pop("vib_secrets")
    plain = variables_of(environment).keys() - {"vib_secrets"}
    assert plain == {name for name in known if name.startswith("vib_")}
    assert {f"vault_{name}" for name in secrets} == known.keys() - plain
    assert all(value == f"{{{{ vault_{name} }}}}" for name, value in secrets.items())


def test_a_pattern_that_means_nobody_is_told_in_a_sentence() -> None:
    with pytest.raises(fabfile.Exit, match="No host of staging is meant by 'face'"):
        fabfile._hosts("staging", "face")


@pytest.mark.parametrize("name", ["stage", "", "vault.example"])
def test_an_environment_that_is_not_there_is_told_in_a_sentence(name: str) -> None:
    there = "local, molecule, prod, staging"
    with pytest.raises(fabfile.Exit, match=rf"There is no inventory '{name}'; there are {there}\."):
        fabfile._hosts(name, "all")
