"""What plays leave alone: hosts that are as they shall be, and what is not meant."""

import re

from .cluster import BOXES, play


def test_check_mode_predicts_nothing_where_all_is_as_it_shall_be() -> None:
    said = play("site", "--check").stdout

    assert recap(said) == dict.fromkeys((*BOXES, "localhost"), 0)


def test_a_play_is_limited_to_some_hosts_and_to_some_parts() -> None:
    said = play("site", "--limit", "worker1", "--tags", "loggly,services").stdout

    assert recap(said).keys() == {"worker1"}
    did = re.findall(r"^TASK \[(\w+) : (?!Validating arguments)", said, re.MULTILINE)
    assert set(did) == {"inventory", "loggly", "services"}


def recap(said: str) -> dict[str, int]:
    """How much a play changed on each host, as its last lines say."""
    found = re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+) ", said, re.MULTILINE)
    return {host: int(changed) for host, changed in found}
