"""The releases of a host: install, check, activate, roll back. `vib-release --help` says how.

A release is a folder of its own, `/opt/vib/releases/ID`; `/opt/vib/current` is a link to the one
that runs. Beside a virtual environment it has what the role `services` says of this host:
`programs.conf`, its programs as supervisor reads them, and `health`, URLs that have to answer once
they run. So a host that goes back to a release goes back to its programs. Hosts get all of this as
one file, and Debian's own python3 runs it; nothing else is needed.
"""


class ReleaseError(Exception):
    """What went wrong, as one sentence for people."""
