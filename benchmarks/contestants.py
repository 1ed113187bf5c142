"""Who takes part."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Contestant:
    """A way to run the workloads.

    Attributes:
        name: what tables call it.
        module: what its process runs, with a folder for its data and `arguments`.
        arguments: more arguments; the path of its server's program comes before them.
        environment: the name of the lock file of an environment of its own; None for ours.
        program: the server's program, if it does not come with the environment.
        share: how much of each workload it is given, where all of it would take minutes.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: str | None = None
    program: str | None = None
    share: float = 1.0


def _peer(name: str, module: str, *arguments: str, **more: Any) -> Contestant:
    return Contestant(name, f"benchmarks.peers.{module}", arguments, module, **more)


LOCALSWF_HTTP = Contestant("localswf, HTTP", "benchmarks.localswf_http")
LOCALSWF = Contestant("localswf, in process", "benchmarks.localswf_in_process")
SWFLOW_HTTP = Contestant("swflow, HTTP", "benchmarks.swflow_http")
SWFLOW = Contestant("swflow, in process", "benchmarks.swflow_in_process")
RESTATE_CALLS = _peer("Restate, service calls", "restate", program="restate-server")
RESTATE_STEPS = _peer("Restate, ctx.run", "restate", "--inside", program="restate-server")
TEMPORAL = _peer("Temporal, activities", "temporal")
TEMPORAL_LOCAL = _peer("Temporal, local activities", "temporal", "--local")
DBOS = _peer("DBOS, SQLite as shipped", "dbos")
DBOS_WAL = _peer("DBOS, SQLite with WAL", "dbos", "--wal")
DBOS_POSTGRES = _peer("DBOS, PostgreSQL", "dbos", program="postgres")
CELERY = _peer("Celery and Redis", "celery", program="redis-server")
MOTO = _peer("boto3 on moto", "moto", share=0.1)

CONTESTANTS = (
    LOCALSWF_HTTP,
    LOCALSWF,
    SWFLOW_HTTP,
    SWFLOW,
    RESTATE_CALLS,
    RESTATE_STEPS,
    TEMPORAL,
    TEMPORAL_LOCAL,
    DBOS,
    DBOS_WAL,
    DBOS_POSTGRES,
    CELERY,
    MOTO,
)

OURS = ((LOCALSWF_HTTP, LOCALSWF), (SWFLOW_HTTP, SWFLOW))
"""What is compared with the peers, each package by itself."""
