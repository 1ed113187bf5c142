"""Domains and types: what is registered, and the operations on it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from localswf import errors
from localswf.clock import Clock
from localswf.events import wire_time
from localswf.journal import Journal
from localswf.model import Answer, Request, type_defaults
from localswf.tokens import Tokens

WORKFLOW_TYPE = "WorkflowType"
ACTIVITY_TYPE = "ActivityType"

_ACCOUNT = "123456789012"
_REGISTERED = "REGISTERED"
_LARGEST_PAGE = 1000
_LONGEST_RETENTION = 90


@dataclass(frozen=True, slots=True)
class Registration:
    """A registered type: what DescribeWorkflowType and DescribeActivityType tell of it."""

    created: int
    description: str | None
    defaults: Mapping[str, Any]


class Registry:
    """Every domain and type, in memory and in the journal."""

    def __init__(self, journal: Journal, clock: Clock, tokens: Tokens) -> None:
        """Take over what the journal knows."""
        self._journal = journal
        self._clock = clock
        self._tokens = tokens
        self._domains = dict(journal.domains())
        self._types = {
            (domain, kind, name, version): Registration(**record)
            for domain, kind, name, version, record in journal.types()
        }

    def check_domain(self, name: str) -> None:
        """Make sure that a domain is there.

        Raises:
            SwfError: it is not.
        """
        if name not in self._domains:
            raise errors.unknown_domain(name)

    def find_type(self, domain: str, kind: str, name: str, version: str) -> Registration | None:
        """A registered type; None if there is no such."""
        return self._types.get((domain, kind, name, version))

    def type(self, domain: str, kind: str, name: str, version: str) -> Registration:
        """A registered type.

        Raises:
            SwfError: there is no such domain or type.
        """
        self.check_domain(domain)
        found = self.find_type(domain, kind, name, version)
        if found is None:
            raise errors.unknown_type(kind, name, version)
        return found

    # Operations.

    def register_domain(self, request: Request) -> Answer:
        """RegisterDomain."""
        name = request["name"]
        retention = request["workflowExecutionRetentionPeriodInDays"]
        if retention != "NONE" and int(retention) > _LONGEST_RETENTION:
            rule = f"Member must have value less than or equal to {_LONGEST_RETENTION}"
            raise errors.constraint(retention, "workflowExecutionRetentionPeriodInDays", rule)
        if name in self._domains:
            raise errors.domain_already_exists(name)
        record = {"description": request.get("description"), "retention": retention}
        self._domains[name] = record
        self._journal.add_domain(name, record)
        return {}

    def describe_domain(self, request: Request, region: str) -> Answer:
        """DescribeDomain; the region is where the caller thinks the domain is."""
        name = request["name"]
        self.check_domain(name)
        retention = self._domains[name]["retention"]
        return {
            "domainInfo": self._domain_info(name, region),
            "configuration": {"workflowExecutionRetentionPeriodInDays": retention},
        }

    def list_domains(self, request: Request, region: str) -> Answer:
        """ListDomains, by name."""
        status, reverse = request["registrationStatus"], bool(request.get("reverseOrder"))
        names = sorted(self._domains, reverse=reverse) if status == _REGISTERED else []
        token = request.get("nextPageToken")
        first: int = self._tokens.read("domains", token)[0] if token else 0
        last = first + page_size(request)
        answer: Answer = {
            "domainInfos": [self._domain_info(name, region) for name in names[first:last]]
        }
        if last < len(names):
            answer["nextPageToken"] = self._tokens.make("domains", last)
        return answer

    def register_workflow_type(self, request: Request) -> Answer:
        """RegisterWorkflowType."""
        if request.get("defaultExecutionStartToCloseTimeout") == "NONE":
            raise no_unlimited_execution("defaultExecutionStartToCloseTimeout")
        return self._register_type(WORKFLOW_TYPE, request)

    def register_activity_type(self, request: Request) -> Answer:
        """RegisterActivityType."""
        return self._register_type(ACTIVITY_TYPE, request)

    def describe_workflow_type(self, request: Request) -> Answer:
        """DescribeWorkflowType."""
        return self._describe_type(WORKFLOW_TYPE, request["domain"], request["workflowType"])

    def describe_activity_type(self, request: Request) -> Answer:
        """DescribeActivityType."""
        return self._describe_type(ACTIVITY_TYPE, request["domain"], request["activityType"])

    def _register_type(self, kind: str, request: Request) -> Answer:
        domain, name, version = request["domain"], request["name"], request["version"]
        self.check_domain(domain)
        if (domain, kind, name, version) in self._types:
            raise errors.type_already_exists(kind, name, version)
        defaults = {
            member: value
            for member in type_defaults(kind)
            if (value := request.get(member)) is not None
        }
        registration = Registration(self._clock.now(), request.get("description"), defaults)
        self._types[domain, kind, name, version] = registration
        self._journal.add_type(domain, kind, name, version, asdict(registration))
        return {}

    def _describe_type(self, kind: str, domain: str, reference: Mapping[str, str]) -> Answer:
        name, version = reference["name"], reference["version"]
        found = self.type(domain, kind, name, version)
        info: Answer = {
            f"{kind[0].lower()}{kind[1:]}": {"name": name, "version": version},
            "status": _REGISTERED,
            "creationDate": wire_time(found.created),
        }
        if found.description is not None:
            info["description"] = found.description
        return {"typeInfo": info, "configuration": found.defaults}

    def _domain_info(self, name: str, region: str) -> Answer:
        arn = f"arn:aws:swf:{region}:{_ACCOUNT}:/domain/{name}"
        info = {"name": name, "status": _REGISTERED, "arn": arn}
        description = self._domains[name]["description"]
        return info if description is None else {**info, "description": description}


def page_size(request: Request) -> int:
    """How many entries a request wants at most: none given, or 0, is as many as there may be."""
    return request.get("maximumPageSize") or _LARGEST_PAGE


def no_unlimited_execution(parameter: str) -> errors.SwfError:
    """The refusal of NONE where an execution's own timeout is given."""
    rule = "Member must satisfy regular expression pattern: [0-9]+"
    return errors.constraint("NONE", parameter, rule)
