"""Forgetting stored payloads that nothing needs any more."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from swflow.client.client import Client
from swflow.errors import SwflowError
from swflow.values.sealing import prefix

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}/")
_MARGIN = timedelta(days=1)  # an input is stored before its execution starts
_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep deleted.

    Attributes:
        before: the first day of which all payloads stay.
        days: how many went of each earlier day that had some.
    """

    before: date
    days: Mapping[date, int]

    @property
    def deleted(self) -> int:
        """How many went."""
        return sum(self.days.values())


def sweep(client: Client, *, keep: timedelta = timedelta(0), dry_run: bool = False) -> Swept:
    """Delete the stored payloads of a domain that were there before its oldest execution.

    An execution counts while it is open, and for the domain's retention period after that: so the
    store keeps what is needed for as long as Amazon SWF keeps the history that needs it. Run it
    every day; it does not matter where, nor how often, nor what runs meanwhile. A store is for the
    domains of one account and region: those of another one with the same name would be taken for
    this one's.

    Args:
        client: the domain, with the Payloads whose store is swept.
        keep: how long to keep payloads in any case, as for histories that were exported.
        dry_run: delete nothing, and tell what would be.

    Raises:
        SwflowError: the client has no payload store.
    """
    store = client.connection.payloads.store
    if store is None:
        raise SwflowError(
            "there is nothing to sweep: no payload store is given (Client(payloads=...), or "
            "--payloads)"
        )
    before = (min(_oldest_start(client), datetime.now(UTC) - keep) - _MARGIN).date()
    of_domain = prefix(client.domain)
    days, doomed = Counter[date](), list[str]()
    for key in store.keys(of_domain):
        when = key.removeprefix(of_domain)
        if not _DAY.match(when):
            continue
        day = date.fromisoformat(when[:10])
        if day >= before:
            break
        days[day] += 1
        if not dry_run:
            doomed.append(key)
        if len(doomed) == _BATCH:
            store.delete(doomed)
            doomed = []
    store.delete(doomed)
    return Swept(before=before, days=days)


def _oldest_start(client: Client) -> datetime:
    """When the oldest execution started that the domain still knows; now, if it knows none."""
    first = [datetime.now(UTC)]
    swf = client.connection.swf
    for listed in (
        swf.get_paginator("list_open_workflow_executions"),
        swf.get_paginator("list_closed_workflow_executions"),
    ):
        pages = listed.paginate(
            domain=client.domain,
            startTimeFilter={"oldestDate": datetime.fromtimestamp(0, UTC)},
            reverseOrder=True,
            PaginationConfig={"PageSize": 1},
        )
        # Services may give an empty page though others follow; payloads are not to go for that.
        first += [each["startTimestamp"] for each in islice(pages.search("executionInfos[]"), 1)]
    return min(first)
