"""The tables of the data file, and the indexes by which executions are listed."""

from collections.abc import Mapping
from typing import NamedTuple


class ListIndex(NamedTuple):
    """A table and the columns that say which of a domain's executions a list is about."""

    table: str
    columns: tuple[str, ...]


LIST_INDEXES: Mapping[str, ListIndex] = {
    "all": ListIndex("executions", ("domain",)),
    "id": ListIndex("executions", ("domain", "workflow_id")),
    "type": ListIndex("executions", ("domain", "type_name")),
    "version": ListIndex("executions", ("domain", "type_name", "type_version")),
    "status": ListIndex("executions", ("domain", "close_status")),
    "tag": ListIndex("tags", ("domain", "tag")),
}
"""Each of them is two indexes: NAME_by_start has closed executions by the time of their start,
NAME_by_close the open ones by the time of their start and the closed ones by that of their end."""

_TABLES = """
CREATE TABLE secret (value BLOB NOT NULL);
INSERT INTO secret VALUES (randomblob(32));
INSERT INTO secret SELECT value FROM secret;
CREATE TABLE domains (
    name TEXT PRIMARY KEY, record TEXT NOT NULL, checksum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE types (
    domain TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    record TEXT NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (domain, kind, name, version)
) WITHOUT ROWID;
CREATE TABLE executions (
    number INTEGER PRIMARY KEY, domain TEXT NOT NULL, workflow_id TEXT NOT NULL,
    run_id TEXT NOT NULL UNIQUE, type_name TEXT NOT NULL, type_version TEXT NOT NULL,
    started_at INTEGER NOT NULL, closed_at INTEGER, close_status TEXT, info TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE INDEX open_executions ON executions (number) WHERE closed_at IS NULL;
CREATE INDEX hidden_executions ON executions (number) WHERE closed_at < 0;
CREATE TABLE tags (
    number INTEGER NOT NULL, tag TEXT NOT NULL, domain TEXT NOT NULL,
    started_at INTEGER NOT NULL, closed_at INTEGER,
    PRIMARY KEY (number, tag)
) WITHOUT ROWID;
CREATE TABLE descriptions (
    execution INTEGER PRIMARY KEY, description TEXT NOT NULL, checksum INTEGER NOT NULL
);
CREATE TABLE events (
    execution INTEGER NOT NULL, last_id INTEGER NOT NULL, events TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (execution, last_id)
);
CREATE TABLE heartbeats (
    execution INTEGER NOT NULL, scheduled_id INTEGER NOT NULL, timestamp INTEGER NOT NULL,
    details TEXT NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (execution, scheduled_id)
) WITHOUT ROWID;
"""

_LIST_INDEX = """
CREATE INDEX {name}_by_start ON {table} ({columns}, started_at, number, closed_at)
    WHERE closed_at >= 0;
CREATE INDEX {name}_by_close ON {table} ({columns}, closed_at, started_at, number);
"""

SCHEMA = _TABLES + "".join(
    _LIST_INDEX.format(name=name, table=index.table, columns=", ".join(index.columns))
    for name, index in LIST_INDEXES.items()
)
"""What makes an empty file a data file."""
