"""Tags on resources: the domains, which SWF lets its users label by their ARNs."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from localswf import errors, limits
from localswf.engine.dispatch import Call
from localswf.engine.registry import Registry
from localswf.model import Answer

Tags = Mapping[str, str | None]
"""Values by their keys; None for a tag without a value."""

_ARN = re.compile(r"arn:aws[a-z-]*:swf:[^:]*:[0-9]*:/domain/(.+)", re.DOTALL)


class ResourceTags:
    """TagResource, UntagResource and ListTagsForResource."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def handlers(self) -> Mapping[str, Callable[[Call], Answer]]:
        """What carries out each operation, by its name."""
        return {
            "ListTagsForResource": self._list,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def _tag(self, call: Call) -> Answer:
        name = _domain_name(call)
        domain = self._registry.domain(name)
        tags = with_tags(domain.tags, call.request["tags"])
        self._registry.set_domain(name, replace(domain, tags=tags))
        return {}

    def _untag(self, call: Call) -> Answer:
        name = _domain_name(call)
        domain = self._registry.domain(name)
        unwanted = call.request["tagKeys"]
        tags = {key: value for key, value in domain.tags.items() if key not in unwanted}
        self._registry.set_domain(name, replace(domain, tags=tags))
        return {}

    def _list(self, call: Call) -> Answer:
        """By key."""
        tags = sorted(self._registry.domain(_domain_name(call)).tags.items())
        return {"tags": [_on_the_wire(key, value) for key, value in tags]}


def with_tags(tags: Tags, given: Iterable[Mapping[str, str]]) -> Tags:
    """Tags with those of a request added; one with a key that is there takes its place.

    Raises:
        SwfError: a tag has other signs than SWF takes, or there would be too many.
    """
    together = dict(tags)
    for number, tag in enumerate(given, start=1):
        for member in ("key", "value"):
            _check_signs(tag.get(member) or "", f"tags.{number}.member.{member}")
        together[tag["key"]] = tag.get("value")
    if len(together) > limits.RESOURCE_TAGS:
        raise errors.too_many_tags(limits.RESOURCE_TAGS)
    return together


def _check_signs(text: str, path: str) -> None:
    """Unicode's letters, digits and whitespace, and a few symbols."""
    if not all(
        sign.isalpha() or sign.isdigit() or sign.isspace() or sign in "_.:/=+-@" for sign in text
    ):
        rule = r"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*"
        raise errors.constraint(text, path, rule)


def _domain_name(call: Call) -> str:
    """The name of the domain that a request's ARN means."""
    arn: str = call.request["resourceArn"]
    found = _ARN.fullmatch(arn)
    if found is None:
        raise errors.validation(f"Invalid ARN: {arn}")
    return found[1]


def _on_the_wire(key: str, value: str | None) -> Mapping[str, str]:
    return {"key": key} if value is None else {"key": key, "value": value}
