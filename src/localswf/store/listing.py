"""Lists of executions as SQL that reads little more than it returns."""

from dataclasses import dataclass

from localswf.store.records import Row, StoredExecution
from localswf.store.schema import LIST_INDEXES

_END = 2**62


@dataclass(slots=True)
class Listing:
    """Which executions a caller asks for, and in which order.

    Attributes:
        closed: whether closed ones are meant, else open ones.
        by_close: whether the time in question is that of their end, else that of their start.
        index: the key in `LIST_INDEXES` of what they have in common.
        values: what they have in common, the domain first.
        oldest: the earliest time, in milliseconds since the epoch.
        latest: the latest time; None for no end.
        closed_after: if closed ones are meant, only those that were closed later than this.
        ascending: whether the earliest comes first.
        after: the `position` of the last execution read, where some were.
    """

    closed: bool
    by_close: bool
    index: str
    values: tuple[str, ...]
    oldest: int
    latest: int | None = None
    closed_after: int = -1
    ascending: bool = False
    after: tuple[int, ...] | None = None

    def position(self, execution: StoredExecution) -> tuple[int, ...]:
        """What an execution is ordered by."""
        found = execution._asdict()
        return tuple(found[column] for column in self._order)

    def page(self, size: int) -> tuple[str, Row]:
        """The query for the next `size` executions, and its values."""
        table, _ = LIST_INDEXES[self.index]
        shown, join = "listed", ""
        if table != "executions":
            shown, join = "executions", "JOIN executions USING (number)"
        columns = ", ".join(
            f"{shown}.{column}" for column in (*StoredExecution._fields, "checksum")
        )
        direction = "ASC" if self.ascending else "DESC"
        order = ", ".join(f"listed.{column} {direction}" for column in self._order)
        conditions, values = self._conditions()
        query = (
            f"SELECT {columns} FROM {self._source} {join} "  # noqa: S608 - the schema's names
            f"WHERE {conditions} ORDER BY {order} LIMIT ?"
        )
        return query, (*values, size)

    def count(self, most: int) -> tuple[str, Row]:
        """The query for how many there are in all pages, but no more than `most`; its values."""
        conditions, values = self._conditions()
        counted = f"SELECT 1 FROM {self._source} WHERE {conditions} LIMIT ?"  # noqa: S608 - the schema's names
        return f"SELECT count(*) FROM ({counted})", (*values, most)  # noqa: S608 - as above

    @property
    def _order(self) -> tuple[str, ...]:
        start = ("started_at", "number")
        return ("closed_at", *start) if self.by_close else start

    @property
    def _source(self) -> str:
        by = "by_start" if self.closed and not self.by_close else "by_close"
        return f"{LIST_INDEXES[self.index].table} AS listed INDEXED BY {self.index}_{by}"

    def _conditions(self) -> tuple[str, Row]:
        conditions = [f"listed.{column} = ?" for column in LIST_INDEXES[self.index].columns]
        values: list[str | int] = list(self.values)
        oldest = self.oldest
        if not self.closed:
            conditions.append("listed.closed_at IS NULL")
        elif self.by_close:
            oldest = max(oldest, self.closed_after + 1)
        else:
            # The second is what the index is for.
            conditions += ["listed.closed_at > ?", "listed.closed_at >= 0"]
            values.append(self.closed_after)
        # One bound at each end, so that SQLite uses both to search the index.
        columns = self._order
        rest = len(columns) - 1
        first: tuple[int, ...] = (oldest, *[-1] * rest)
        latest = _END if self.latest is None else self.latest
        last: tuple[int, ...] = (latest, *[_END] * rest)
        if self.after is not None and self.ascending:
            first = max(first, self.after)
        elif self.after is not None:
            last = min(last, self.after)
        place = ", ".join(f"listed.{column}" for column in columns)
        marks = ", ".join("?" * len(columns))
        conditions += [f"({place}) > ({marks})", f"({place}) < ({marks})"]
        return " AND ".join(conditions), (*values, *first, *last)
