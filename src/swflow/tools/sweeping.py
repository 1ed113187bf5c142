"""Forgetting stored payloads that nothing needs any more."""

import re
from datetime import UTC, datetime, timedelta

from swflow.client.client import Client
from swflow.errors import SwflowError
from swflow.values.sealing import prefix

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}/")
_MARGIN = timedelta(days=1)  # an input is stored before its execution starts
_BATCH = 1_000


def sweep(client: Client, *, keep: timedelta = timedelta(0)) -> int:
    """Delete the stored payloads of a domain that were there before its oldest execution.

    An execution counts while it is open, and for the domain's retention period after that: so the
    store keeps what is needed for as long as Amazon SWF keeps the history that needs it. Run it
    every day; it does not matter where, nor how often. A store is for the domains of one account
    and region: those of another one with the same name would be taken for this one's.

    Args:
        client: the domain, with the Payloads whose store is swept.
        keep: how long to keep payloads in any case, as for histories that were exported.

    Returns:
        How many were deleted.

    Raises:
        SwflowError: the client has no payload store.
    """
    store = client.connection.payloads.store
    if store is None:
        raise SwflowError("there is nothing to sweep: the client has no payload store")
    before = min(_oldest_start(client), datetime.now(UTC) - keep) - _MARGIN
    of_domain = prefix(client.domain)
    deleted, doomed = 0, list[str]()
    for key in store.keys(of_domain):
        when = key.removeprefix(of_domain)
        if not _DAY.match(when):
            continue
        if when[:10] >= before.date().isoformat():
            break
        doomed.append(key)
        if len(doomed) == _BATCH:
            store.delete(doomed)
            deleted, doomed = deleted + len(doomed), []
    store.delete(doomed)
    return deleted + len(doomed)


def _oldest_start(client: Client) -> datetime:
    """When the oldest execution started that the domain still knows; now, if it knows none."""
    first = [datetime.now(UTC)]
    swf = client.connection.swf
    for listed in (swf.list_open_workflow_executions, swf.list_closed_workflow_executions):
        page = listed(
            domain=client.domain,
            startTimeFilter={"oldestDate": datetime.fromtimestamp(0, UTC)},
            maximumPageSize=1,
            reverseOrder=True,
        )
        first += [each["startTimestamp"] for each in page["executionInfos"]]
    return min(first)
