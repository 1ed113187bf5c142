"""The operations on domains and types."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from localswf import errors, limits
from localswf.core.events import wire_time
from localswf.core.parameters import check_execution_timeout
from localswf.engine.dispatch import Call
from localswf.engine.registry import (
    ACTIVITY_TYPE,
    WORKFLOW_TYPE,
    Domain,
    Registration,
    Registry,
    page_size,
)
from localswf.engine.tokens import Tokens
from localswf.model import Answer, Request, type_defaults
from localswf.operations.resource_tags import ResourceTags, with_tags

T = TypeVar("T")

_ACCOUNT = "123456789012"
_KINDS = (WORKFLOW_TYPE, ACTIVITY_TYPE)

TypeCommand = Callable[[str, str, str, str], None]
"""Changes a type: takes its domain, kind, name and version."""


class RegistrationOperations:
    """Register, deprecate, undeprecate, delete, describe, list and tag."""

    def __init__(self, registry: Registry, tokens: Tokens) -> None:
        self._registry = registry
        self._tokens = tokens

    def handlers(self) -> Mapping[str, Callable[[Call], Answer]]:
        """What carries out each operation, by its name."""
        handlers: dict[str, Callable[[Call], Answer]] = {
            "DeprecateDomain": self._deprecate_domain,
            "DescribeDomain": self._describe_domain,
            "ListDomains": self._list_domains,
            "RegisterDomain": self._register_domain,
            "UndeprecateDomain": self._undeprecate_domain,
            **ResourceTags(self._registry).handlers(),
        }
        for kind in _KINDS:
            handlers |= self._type_handlers(kind)
        return handlers

    def _type_handlers(self, kind: str) -> Mapping[str, Callable[[Call], Answer]]:
        """The operations on the types of a kind."""
        registry = self._registry

        def change(command: TypeCommand) -> Callable[[Call], Answer]:
            def handle(call: Call) -> Answer:
                reference = call.request[_member(kind)]
                command(call.request["domain"], kind, reference["name"], reference["version"])
                return {}

            return handle

        return {
            f"Delete{kind}": change(registry.delete_type),
            f"Deprecate{kind}": change(registry.deprecate_type),
            f"Describe{kind}": lambda call: self._describe_type(kind, call.request),
            f"List{kind}s": lambda call: self._list_types(kind, call.request),
            f"Register{kind}": lambda call: self._register_type(kind, call.request),
            f"Undeprecate{kind}": change(registry.undeprecate_type),
        }

    # Domains.

    def _register_domain(self, call: Call) -> Answer:
        request = call.request
        retention = request["workflowExecutionRetentionPeriodInDays"]
        if retention != "NONE" and int(retention) > limits.RETENTION_DAYS:
            rule = f"Member must have value less than or equal to {limits.RETENTION_DAYS}"
            raise errors.constraint(retention, "workflowExecutionRetentionPeriodInDays", rule)
        tags = with_tags({}, request.get("tags") or ())
        domain = Domain(request.get("description"), retention, tags=tags)
        self._registry.add_domain(request["name"], domain)
        return {}

    def _deprecate_domain(self, call: Call) -> Answer:
        self._registry.deprecate_domain(call.request["name"])
        return {}

    def _undeprecate_domain(self, call: Call) -> Answer:
        self._registry.undeprecate_domain(call.request["name"])
        return {}

    def _describe_domain(self, call: Call) -> Answer:
        name = call.request["name"]
        domain = self._registry.domain(name)
        return {
            "domainInfo": _domain_info(name, domain, call.region),
            "configuration": {"workflowExecutionRetentionPeriodInDays": domain.retention},
        }

    def _list_domains(self, call: Call) -> Answer:
        """By name."""
        wanted = call.request["registrationStatus"]
        found = sorted(
            name for name, domain in self._registry.domains() if _status(domain) == wanted
        )
        page, answer = self._page(call.request, "domains", found)
        infos = [_domain_info(name, self._registry.domain(name), call.region) for name in page]
        return {"domainInfos": infos, **answer}

    # Types.

    def _register_type(self, kind: str, request: Request) -> Answer:
        check_execution_timeout(request, parameter="defaultExecutionStartToCloseTimeout")
        members = ("description", *type_defaults(kind))
        given = {member: value for member in members if (value := request.get(member)) is not None}
        self._registry.add_type(request["domain"], kind, request["name"], request["version"], given)
        return {}

    def _describe_type(self, kind: str, request: Request) -> Answer:
        reference = request[_member(kind)]
        key = (reference["name"], reference["version"])
        found = self._registry.type(request["domain"], kind, *key)
        return {"typeInfo": _type_info(kind, key, found), "configuration": found.defaults}

    def _list_types(self, kind: str, request: Request) -> Answer:
        """By name, then by version."""
        domain, name, wanted = request["domain"], request.get("name"), request["registrationStatus"]
        self._registry.check_domain(domain)
        found = {
            key: registration
            for key, registration in self._registry.types(domain, kind)
            if name in {None, key[0]} and _status(registration) == wanted
        }
        page, answer = self._page(request, f"{kind}s", sorted(found))
        return {"typeInfos": [_type_info(kind, key, found[key]) for key in page], **answer}

    def _page(self, request: Request, kind: str, listed: list[T]) -> tuple[Sequence[T], Answer]:
        """The part of a list that a request asks for, and what tells how to go on."""
        if request.get("reverseOrder"):
            listed.reverse()
        token = request.get("nextPageToken")
        first: int = self._tokens.read(kind, token)[0] if token else 0
        last = first + page_size(request)
        rest = {"nextPageToken": self._tokens.make(kind, last)} if last < len(listed) else {}
        return listed[first:last], rest


def domain_arn(name: str, region: str) -> str:
    """A domain's name for all of AWS; the region is where the caller thinks the domain is."""
    return f"arn:aws:swf:{region}:{_ACCOUNT}:/domain/{name}"


def _member(kind: str) -> str:
    """The member of requests and answers that names a type of this kind."""
    return f"{kind[0].lower()}{kind[1:]}"


def _status(registered: Domain | Registration) -> str:
    # A type may have been deprecated at the time 0.
    usable = registered.deprecated is None or registered.deprecated is False
    return "REGISTERED" if usable else "DEPRECATED"


def _domain_info(name: str, domain: Domain, region: str) -> Answer:
    info = {"name": name, "status": _status(domain), "arn": domain_arn(name, region)}
    if domain.description is not None:
        info["description"] = domain.description
    return info


def _type_info(kind: str, key: tuple[str, str], registration: Registration) -> Answer:
    name, version = key
    info: dict[str, Any] = {
        _member(kind): {"name": name, "version": version},
        "status": _status(registration),
        "creationDate": wire_time(registration.created),
    }
    if registration.description is not None:
        info["description"] = registration.description
    if registration.deprecated is not None:
        info["deprecationDate"] = wire_time(registration.deprecated)
    return info
