"""Domains and types: what is registered, in memory and in the journal."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from localswf import errors, limits
from localswf.clock import Clock
from localswf.model import Request
from localswf.store.journal import Journal

WORKFLOW_TYPE = "WorkflowType"
ACTIVITY_TYPE = "ActivityType"

_LARGEST_PAGE = 1000
_DAY = 24 * 60 * 60 * 1000
_EVER = 2**62


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain.

    Attributes:
        description: what it is for, in its owner's words.
        retention: how many days closed executions are kept, in SWF's form.
        deprecated: whether nothing new may begin in it.
        tags: the values of its tags by their keys, None for a tag without a value.
    """

    description: str | None
    retention: str
    deprecated: bool = False
    tags: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registration:
    """A registered type: what DescribeWorkflowType and DescribeActivityType tell of it.

    `created` and `deprecated`, which is None for one that may be used, are times in milliseconds.
    """

    created: int
    description: str | None
    defaults: Mapping[str, Any]
    deprecated: int | None = None


class Registry:
    """Every domain and type."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        """Take over what the journal knows."""
        self._journal = journal
        self._clock = clock
        self._domains = {name: Domain(**record) for name, record in journal.domains()}
        self._types: dict[tuple[str, str], dict[tuple[str, str], Registration]] = {}
        for domain, kind, name, version, record in journal.types():
            self._types_of(domain, kind)[name, version] = Registration(**record)

    # Domains.

    def check_domain(self, name: str) -> None:
        """Make sure that a domain is there.

        Raises:
            SwfError: it is not.
        """
        self.domain(name)

    def check_usable_domain(self, name: str) -> None:
        """Make sure that something new may begin in a domain.

        Raises:
            SwfError: it is not there, or it is deprecated.
        """
        if self.domain(name).deprecated:
            raise errors.domain_deprecated(name)

    def domain(self, name: str) -> Domain:
        """A domain.

        Raises:
            SwfError: it is not there.
        """
        found = self._domains.get(name)
        if found is None:
            raise errors.unknown_domain(name)
        return found

    def domains(self) -> Iterator[tuple[str, Domain]]:
        """Name and domain of all."""
        return iter(self._domains.items())

    def add_domain(self, name: str, domain: Domain) -> None:
        """Take in a new domain.

        Raises:
            SwfError: its name is taken, or there are too many.
        """
        if name in self._domains:
            raise errors.domain_already_exists(name)
        if len(self._domains) >= limits.DOMAINS:
            raise errors.limit_exceeded(f"An account can have at most {limits.DOMAINS} domains")
        self.set_domain(name, domain)

    def set_domain(self, name: str, domain: Domain) -> None:
        """Change a domain."""
        self._domains[name] = domain
        self._journal.set_domain(name, asdict(domain))

    def deprecate_domain(self, name: str) -> None:
        """Let nothing new begin in a domain, and none of its types be used.

        Raises:
            SwfError: it is not there, or it is deprecated already.
        """
        self.check_usable_domain(name)
        self.set_domain(name, replace(self.domain(name), deprecated=True))
        for kind in (WORKFLOW_TYPE, ACTIVITY_TYPE):
            for key, registration in list(self.types(name, kind)):
                if registration.deprecated is None:
                    self.deprecate_type(name, kind, *key)

    def undeprecate_domain(self, name: str) -> None:
        """Let new things begin in a deprecated domain again; its types stay as they are.

        Raises:
            SwfError: it is not there, or it is not deprecated.
        """
        domain = self.domain(name)
        if not domain.deprecated:
            raise errors.domain_already_exists(name)
        self.set_domain(name, replace(domain, deprecated=False))

    def retention(self, name: str) -> int:
        """How long a domain keeps closed executions, in milliseconds."""
        days = self.domain(name).retention
        return 0 if days == "NONE" else int(days) * _DAY

    def kept_since(self, name: str) -> int:
        """The time, in milliseconds, up to which a domain's closed executions are gone by now."""
        retention = self.retention(name)
        # The last event of an execution may be a little ahead of the clock.
        return self._clock.now() - retention if retention else _EVER

    # Types.

    def find_type(self, domain: str, kind: str, name: str, version: str) -> Registration | None:
        """A registered type, deprecated or not; None if there is no such."""
        return self._types_of(domain, kind).get((name, version))

    def type(self, domain: str, kind: str, name: str, version: str) -> Registration:
        """A registered type, deprecated or not.

        Raises:
            SwfError: there is no such domain or type.
        """
        self.check_domain(domain)
        found = self.find_type(domain, kind, name, version)
        if found is None:
            raise errors.unknown_type(kind, name, version)
        return found

    def usable_type(self, domain: str, kind: str, name: str, version: str) -> Registration:
        """A registered type of which new executions or tasks may be made.

        Raises:
            SwfError: there is no such domain or type, or it is deprecated.
        """
        self.check_usable_domain(domain)
        found = self.type(domain, kind, name, version)
        if found.deprecated is not None:
            raise errors.type_deprecated(kind, name, version)
        return found

    def types(self, domain: str, kind: str) -> Iterator[tuple[tuple[str, str], Registration]]:
        """Name and version, and registration, of every type of a kind in a domain."""
        return iter(self._types_of(domain, kind).items())

    def add_type(
        self, domain: str, kind: str, name: str, version: str, request: Mapping[str, Any]
    ) -> None:
        """Take in a new type; `request` has its description and its defaults.

        Raises:
            SwfError: there is no such domain, it is deprecated, the type is there already, or
                there are too many.
        """
        self.check_usable_domain(domain)
        if self.find_type(domain, kind, name, version) is not None:
            raise errors.type_already_exists(kind, name, version)
        if len(self._types_of(domain, kind)) >= limits.TYPES:
            raise errors.limit_exceeded(f"A domain can have at most {limits.TYPES} {kind}s")
        defaults = {member: value for member, value in request.items() if member != "description"}
        registration = Registration(self._clock.now(), request.get("description"), defaults)
        self._set_type(domain, kind, name, version, registration)

    def deprecate_type(self, domain: str, kind: str, name: str, version: str) -> None:
        """Let no new executions or tasks of a type be made.

        Raises:
            SwfError: there is no such domain or type, or it is deprecated already.
        """
        found = self.type(domain, kind, name, version)
        if found.deprecated is not None:
            raise errors.type_deprecated(kind, name, version)
        now = self._clock.now()
        self._set_type(domain, kind, name, version, replace(found, deprecated=now))

    def undeprecate_type(self, domain: str, kind: str, name: str, version: str) -> None:
        """Let a deprecated type be used again.

        Raises:
            SwfError: there is no such domain or type, or it is not deprecated.
        """
        found = self.type(domain, kind, name, version)
        if found.deprecated is None:
            raise errors.type_already_exists(kind, name, version)
        self._set_type(domain, kind, name, version, replace(found, deprecated=None))

    def delete_type(self, domain: str, kind: str, name: str, version: str) -> None:
        """Forget a deprecated type.

        Raises:
            SwfError: there is no such domain or type, or it is not deprecated.
        """
        if self.type(domain, kind, name, version).deprecated is None:
            raise errors.type_not_deprecated(kind, name, version)
        del self._types_of(domain, kind)[name, version]
        self._journal.delete_type(domain, kind, name, version)

    def _set_type(
        self, domain: str, kind: str, name: str, version: str, registration: Registration
    ) -> None:
        self._types_of(domain, kind)[name, version] = registration
        self._journal.set_type(domain, kind, name, version, asdict(registration))

    def _types_of(self, domain: str, kind: str) -> dict[tuple[str, str], Registration]:
        return self._types.setdefault((domain, kind), {})


def page_size(request: Request) -> int:
    """How many entries a request wants at most: none given, or 0, is as many as there may be."""
    return request.get("maximumPageSize") or _LARGEST_PAGE
