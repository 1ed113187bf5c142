"""The errors a caller of SWF sees, with the names they have on the wire."""

_FAULT = "com.amazonaws.swf.base.model#"
_VALIDATION = "com.amazon.coral.validate#ValidationException"
_SERVICE = "com.amazon.coral.service#"


class SwfError(Exception):
    """An answer that is an error.

    Attributes:
        wire_type: the `__type` of the answer's body, namespace included.
        message: the sentence for the caller; None where SWF sends none.
        status: the HTTP status.
    """

    def __init__(self, wire_type: str, message: str | None, status: int = 400) -> None:
        super().__init__(message)
        self.wire_type = wire_type
        self.message = message
        self.status = status

    @property
    def code(self) -> str:
        """The name without its namespace, as SDKs show it."""
        return self.wire_type.rpartition("#")[2]

    def body(self) -> dict[str, str]:
        """The answer's body."""
        body = {"__type": self.wire_type}
        if self.message is not None:
            body["message"] = self.message
        return body


def validation(message: str) -> SwfError:
    """A request that breaks a rule."""
    return SwfError(_VALIDATION, message)


def constraint(value: object, path: str, rule: str) -> SwfError:
    """A request with one member that breaks a rule, worded as the service words it."""
    return constraints([broken(value, path, rule)])


def constraints(problems: list[str]) -> SwfError:
    """A request with members that break rules; each problem is a sentence of `broken`."""
    noun = "error" if len(problems) == 1 else "errors"
    return validation(f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")


def broken(value: object, path: str, rule: str) -> str:
    """The sentence for one member that breaks a rule."""
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {rule}"


def invalid_token() -> SwfError:
    """A task token or page token that this service never gave out."""
    return validation("Invalid token")


def throttling() -> SwfError:
    """Too many requests in too short a time."""
    return SwfError("com.amazon.coral.availability#ThrottlingException", "Rate exceeded")


def operation_not_permitted(operation: str) -> SwfError:
    """The caller's permissions do not allow the operation."""
    message = f"Caller is not authorized to perform: swf:{operation}"
    return fault("OperationNotPermittedFault", message)


def fault(name: str, message: str) -> SwfError:
    """Any fault of SWF's model."""
    return SwfError(_FAULT + name, message)


def serialization(message: str) -> SwfError:
    """A body that is no JSON object, or a member of another type than the model's."""
    return SwfError(f"{_SERVICE}SerializationException", message)


def unknown_operation() -> SwfError:
    """An operation that the service does not have."""
    return SwfError(f"{_SERVICE}UnknownOperationException", None)


def internal_failure(message: str) -> SwfError:
    """The service's own trouble; the caller may try again."""
    return SwfError(f"{_SERVICE}InternalFailure", message, status=500)


def missing_authentication_token() -> SwfError:
    """A request without a signature where one is needed."""
    return SwfError(
        f"{_SERVICE}MissingAuthenticationTokenException", "Missing Authentication Token"
    )


def incomplete_signature(message: str) -> SwfError:
    """A signature that lacks a part."""
    return SwfError(f"{_SERVICE}IncompleteSignatureException", message)


def unrecognized_client() -> SwfError:
    """A signature by a key, or with a session token, that the service does not know."""
    message = "The security token included in the request is invalid."
    return SwfError(f"{_SERVICE}UnrecognizedClientException", message)


def invalid_signature(message: str) -> SwfError:
    """A signature that is too old, or made for something else."""
    return SwfError(f"{_SERVICE}InvalidSignatureException", message)


def wrong_signature(canonical: str, to_sign: str) -> SwfError:
    """A signature that is none of this request by this key; shows what should have been signed."""
    return invalid_signature(
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details."
        f"\n\nThe Canonical String for this request should have been\n'{canonical}'"
        f"\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
    )


def unwritable(reason: object) -> SwfError:
    """The disk refuses what is to be written; the caller may try again."""
    return internal_failure(f"The data file cannot be written: {reason}")


def unknown_domain(name: str) -> SwfError:
    """No domain has this name."""
    return SwfError(f"{_FAULT}UnknownResourceFault", f"Unknown domain: {name}")


def unknown_type(kind: str, name: str, version: str) -> SwfError:
    """No type of this kind (WorkflowType or ActivityType) has this name and version."""
    message = f"Unknown type: {_type_named(kind, name, version)}"
    return SwfError(f"{_FAULT}UnknownResourceFault", message)


def unknown_execution(workflow_id: str, run_id: str | None) -> SwfError:
    """No such execution, or it is closed and only an open one will do."""
    if run_id:
        which = f": WorkflowExecution=[workflowId={workflow_id}, runId={run_id}]"
    else:
        which = f", workflowId = {workflow_id}"
    return SwfError(f"{_FAULT}UnknownResourceFault", f"Unknown execution{which}")


def unknown_task(kind: str, scheduled_id: int) -> SwfError:
    """The task (kind: activity or decision task) is over: answered already, or timed out."""
    message = f"Unknown {kind}, scheduledEventId = {scheduled_id}"
    return SwfError(f"{_FAULT}UnknownResourceFault", message)


def domain_already_exists(name: str) -> SwfError:
    """The domain's name is taken."""
    return SwfError(f"{_FAULT}DomainAlreadyExistsFault", name)


def type_already_exists(kind: str, name: str, version: str) -> SwfError:
    """The type's name and version are taken."""
    return SwfError(f"{_FAULT}TypeAlreadyExistsFault", _type_named(kind, name, version))


def limit_exceeded(message: str) -> SwfError:
    """There would be more of something than SWF lets anybody have."""
    return SwfError(f"{_FAULT}LimitExceededFault", message)


def domain_deprecated(name: str) -> SwfError:
    """Nothing new may begin in the domain."""
    return SwfError(f"{_FAULT}DomainDeprecatedFault", name)


def type_deprecated(kind: str, name: str, version: str) -> SwfError:
    """Nothing new may be made of the type."""
    return SwfError(f"{_FAULT}TypeDeprecatedFault", _type_named(kind, name, version))


def type_not_deprecated(kind: str, name: str, version: str) -> SwfError:
    """Only a deprecated type may be deleted."""
    return SwfError(f"{_FAULT}TypeNotDeprecatedFault", _type_named(kind, name, version))


def too_many_tags(most: int) -> SwfError:
    """The domain would have more than `most` tags."""
    message = f"A domain can have at most {most} tags"
    return SwfError(f"{_FAULT}TooManyTagsFault", message)


def already_started() -> SwfError:
    """An open execution has this workflowId."""
    return SwfError(f"{_FAULT}WorkflowExecutionAlreadyStartedFault", "Already Started")


def default_undefined(parameter: str) -> SwfError:
    """Neither the request nor the type's registration gives the parameter."""
    return SwfError(f"{_FAULT}DefaultUndefinedFault", parameter)


def _type_named(kind: str, name: str, version: str) -> str:
    return f"{kind}=[name={name}, version={version}]"
