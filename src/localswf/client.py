"""The service as an object with boto3's method names, in process and without HTTP."""

import asyncio
import functools
from asyncio.events import _get_running_loop, _set_running_loop
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from botocore.errorfactory import ClientExceptionsFactory
from botocore.loaders import Loader
from botocore.model import ListShape, Shape, StructureShape
from botocore.paginate import Paginator, PaginatorModel
from botocore.utils import parse_to_aware_datetime

from localswf import errors
from localswf.core.events import parse_json
from localswf.loops import outside_of_loops
from localswf.model import Answer, operations, service_model
from localswf.service import Service

_METHODS = {operation.method: name for name, operation in operations().items()}

Convert = Callable[[Any], Any]


class Client:
    """What `boto3.client("swf")` is, for a service in this process.

    Every operation is a method in snake case that takes keyword arguments and returns a dict, with
    datetimes for timestamps; errors are botocore's `ClientError`, by their names in `exceptions`.
    """

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Reach a service.

        Args:
            service: the service.
            loop: the event loop that it is on, which runs in another thread; then this is for any
                other threads, and whoever runs the loop closes the service. Without one, this is
                for one thread at a time, which may be running an event loop, and the service is
                closed with the client; under a virtual clock, a poll that waits lets the time jump.
        """
        self._service = service
        self._runs_elsewhere = loop is not None
        self._loop = loop or asyncio.new_event_loop()
        self.exceptions = ClientExceptionsFactory().create_client_exceptions(service_model())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getattr__(self, name: str) -> Callable[..., Answer]:
        operation = _METHODS.get(name)
        if operation is None:
            raise AttributeError(f"Amazon SWF has no operation {name!r}.")
        return partial(self._call, operation)

    def get_paginator(self, operation_name: str) -> "Paginator[Answer]":
        """What goes through all pages of an operation that is called by its method's name.

        Raises:
            ValueError: its answers do not come in pages.
        """
        operation = _METHODS[operation_name]
        config = _paginator_model().get_paginator(operation)
        model = service_model().operation_model(operation)
        return Paginator(getattr(self, operation_name), config, model)

    def close(self) -> None:
        """Close the service and its data file, if they are this client's; no calls after this."""
        if not (self._runs_elsewhere or self._loop.is_closed()):
            with outside_of_loops():
                self._loop.run_until_complete(self._service.close())
            self._loop.close()

    def call(self, operation: str, request: dict[str, Any]) -> Answer:
        """An operation by its name on the wire, with times in seconds since the epoch.

        Raises:
            ClientError: as boto3 raises it.
        """
        return self.outcome(operation, self._answered(operation, request))

    def outcome(self, operation: str, answered: "asyncio.Future[Answer]") -> Answer:
        """What `call` gives, of a call of the service's own that is done.

        Raises:
            ClientError: as boto3 raises it.
        """
        try:
            answer = answered.result()
        except errors.SwfError as error:
            message = error.message or ""
            response: Any = {
                "Error": {"Code": error.code, "Message": message},
                "ResponseMetadata": {"HTTPStatusCode": error.status, "RetryAttempts": 0},
                "message": message,
            }
            error_class: Any = self.exceptions.from_code(error.code)
            raise error_class(response, operation) from error
        if "events" in answer:
            answer = {**answer, "events": list(map(parse_json, answer["events"]))}
        return answer

    def _call(self, operation: str, **request: Any) -> Answer:
        answer = self.call(operation, _request_converter(operation)(request))
        converted: Answer = _answer_converter(operation)(answer)
        return {**converted, "ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0}}

    def _answered(self, operation: str, request: dict[str, Any]) -> "asyncio.Future[Answer]":
        if self._runs_elsewhere:
            answered: SimpleQueue[asyncio.Future[Answer]] = SimpleQueue()
            self._loop.call_soon_threadsafe(
                lambda: self._service.call(operation, request).add_done_callback(answered.put)
            )
            return answered.get()
        outer = _get_running_loop()
        _set_running_loop(self._loop)
        try:
            future = self._service.call(operation, request)
        finally:
            _set_running_loop(outer)
        if not future.done():  # most are answered at once, and to run a loop takes its time
            with outside_of_loops():
                self._loop.run_until_complete(self._service.clock.wait(future))
        return future


@functools.cache
def _paginator_model() -> PaginatorModel:
    return PaginatorModel(Loader().load_service_model("swf", "paginators-1"))


@functools.cache
def _answer_converter(operation: str) -> Convert:
    shape = service_model().operation_model(operation).output_shape
    to_datetime = partial(datetime.fromtimestamp, tz=UTC)
    return (None if shape is None else _converter(shape, to_datetime)) or dict


@functools.cache
def _request_converter(operation: str) -> Convert:
    shape = service_model().operation_model(operation).input_shape
    return (None if shape is None else _converter(shape, _to_timestamp)) or dict


def _to_timestamp(value: Any) -> float:
    """Seconds since the epoch, of whatever boto3 takes for a time."""
    return parse_to_aware_datetime(value).timestamp()


def _converter(shape: Shape, convert_time: Convert) -> Convert | None:
    """What converts the times in a value of this shape; None if it has none."""
    if shape.type_name == "timestamp":
        return convert_time
    if isinstance(shape, ListShape):
        member = _converter(shape.member, convert_time)
        return None if member is None else lambda values: [member(value) for value in values]
    if not isinstance(shape, StructureShape):
        return None
    found = {name: _converter(member, convert_time) for name, member in shape.members.items()}
    members = {name: convert for name, convert in found.items() if convert is not None}

    def convert_members(value: dict[str, Any]) -> dict[str, Any]:
        return {
            name: members[name](member) if name in members else member
            for name, member in value.items()
        }

    return convert_members if members else None
