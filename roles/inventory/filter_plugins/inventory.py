"""What is wrong with an inventory, in sentences that say what to do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

Expected = str | Mapping[str, str]


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_SECRETS = "see Secrets in docs/operations.md"
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "text": (lambda value: isinstance(value, str) and value != "", "a text that is not empty"),
    "text or nothing": (lambda value: isinstance(value, str), "a text"),
    "number": (_is_number, "a whole number"),
    "list": (
        lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
        "a list of texts",
    ),
}


def inventory_problems(
    given: Mapping[str, Any],
    variables: Mapping[str, Expected],
    groups: Mapping[str, Sequence[str]],
    needed: Mapping[str, str],
    folder: str,
) -> Iterator[str]:
    """A sentence for each problem.

    Args:
        given: the variables that there are, by name.
        variables: those that there have to be, and what each has to be.
        groups: the hosts of each group.
        needed: what the groups do that need a host.
        folder: the inventory's.
    """
    secrets = {name: kind for name, kind in variables.items() if name.startswith("vault_")}
    vault = f"{folder}/group_vars/all/vault.yml"
    if secrets.keys().isdisjoint(given):
        yield f"There are no secrets: make {vault} from inventories/vault.example; {_SECRETS}."
    else:
        yield from _about_values(given, secrets, f"with `ansible-vault edit {vault}`; {_SECRETS}")
    plain = {name: kind for name, kind in variables.items() if name not in secrets}
    yield from _about_values(given, plain, f"in {folder}/group_vars/all/main.yml")
    yield from _about_groups(groups, needed, folder)
    yield from _about_names(given, variables, folder)


def _about_groups(
    groups: Mapping[str, Sequence[str]], needed: Mapping[str, str], folder: str
) -> Iterator[str]:
    for name, what in needed.items():
        if not groups.get(name):
            file = f"{folder}/hosts.yml"
            yield f"The group {name} has no host, and no other {what}: add one to {file}."


def _about_values(
    given: Mapping[str, Any], variables: Mapping[str, Expected], where: str
) -> Iterator[str]:
    for name, expected in variables.items():
        if name not in given:
            yield f"{name} is missing: give it {where}."
            continue
        for part, value, kind in _parts(name, given[name], expected):
            fits, what = _KINDS[kind]
            if not fits(value):
                seen = "" if name.startswith("vault_") else f", and is {value!r}"
                yield f"{part} has to be {what}{seen}: mend it {where}."


def _parts(name: str, value: Any, expected: Expected) -> Iterator[tuple[str, Any, str]]:
    """What a variable consists of: its name, value and kind, or those of what it has."""
    if isinstance(expected, str):
        yield name, value, expected
        return
    for key, kind in expected.items():
        yield f"{name}.{key}", value.get(key) if isinstance(value, Mapping) else None, kind


def _about_names(
    given: Mapping[str, Any], variables: Mapping[str, Expected], folder: str
) -> Iterator[str]:
    for name in sorted(given.keys() - variables.keys()):
        if name.startswith("vib_"):
            like = get_close_matches(name, variables, 1)
            meant = f", or is {like[0]} meant" if like else ""
            yield f"{name} is not known any more{meant}? Take it out of {folder}/group_vars."


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"inventory_problems": inventory_problems}
