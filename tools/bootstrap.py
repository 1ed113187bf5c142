"""Make the project's virtual environment from the lock files: `python3 tools/bootstrap.py run|dev`.

Needs nothing but the standard library. Debian's python3 comes without pip and without ensurepip
(they are in python3-venv); where they are missing, pip's wheel is taken out of Debian's package
python3-pip-whl with a private apt state, so nothing is installed on the machine and nobody has to
be root.
"""

import os
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}
OLDEST_PYTHON = 0x030B0000
HAS_PIP = find_spec("ensurepip") is not None
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def main() -> None:
    """Bring the environment up to date with the lock file of the wanted kind."""
    kind = "".join(sys.argv[1:])
    if kind not in LOCKS:
        sys.exit("usage: bootstrap.py run|dev")
    if sys.hexversion < OLDEST_PYTHON:
        sys.exit(f"Python 3.11 or later is needed, this is {sys.version.split()[0]}.")
    print("Setting up .venv, which takes a minute or two the first time.", flush=True)
    if not PYTHON.exists():
        venv.create(VENV, symlinks=True, clear=True, with_pip=HAS_PIP)
    if not UV.exists():
        install_uv()
    # `run` adds to what is there, so that it does not take the developer's tools away. All that is
    # wanted is in the lock file; what packages want besides was left out of it on purpose.
    verb = ["install", "--no-deps", "-r"] if kind == "run" else ["sync"]
    uv("pip", *verb, str(ROOT / LOCKS[kind]), "--require-hashes")
    uv("pip", "install", "--no-deps", "--editable", str(ROOT))


def install_uv() -> None:
    """Install uv, which installs everything else, from its own lock file."""
    with TemporaryDirectory() as folder:
        if not HAS_PIP:
            os.environ["PYTHONPATH"] = str(debian_pip_wheel(Path(folder)))
        pip = (str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check")
        run(*pip, "install", "--require-hashes", "-r", str(ROOT / "requirements-uv.lock"))
        os.environ.pop("PYTHONPATH", None)


def debian_pip_wheel(folder: Path) -> Path:
    """Fetch pip's wheel with apt, which keeps all it needs for that in `folder`."""
    if not which("apt-get") or not which("dpkg-deb"):
        sys.exit("This python3 has no ensurepip: install your system's package python3-venv.")
    lists, archives = folder / "lists", folder / "archives"
    (lists / "partial").mkdir(parents=True)
    (archives / "partial").mkdir(parents=True)
    # apt's own user could not read this folder, and as root apt would warn that it does without.
    options = (f"Dir::State::lists={lists}", f"Dir::Cache={folder}", "APT::Sandbox::User=root")
    apt = ("apt-get", "-qq", *(word for option in options for word in ("-o", option)))
    run(*apt, "update", cwd=folder)
    run(*apt, "download", "python3-pip-whl", cwd=folder)
    run("dpkg-deb", "--extract", str(next(folder.glob("*.deb"))), str(folder), cwd=folder)
    return next(folder.glob("usr/share/python-wheels/pip-*.whl"))


def uv(*arguments: str) -> None:
    """Run uv on the project's environment."""
    run(str(UV), "--quiet", "--no-config", *arguments, "--python", str(PYTHON))


def run(*command: str, cwd: Path = ROOT) -> None:
    """Run a command; where it fails, its own message says why and this one says which it was."""
    if subprocess.run(command, cwd=cwd, check=False).returncode:
        sys.exit(f"Set-up stopped: `{' '.join(command[:6])} ...` failed, see above.")


if __name__ == "__main__":
    if SYSTEM_CERTIFICATES.exists():  # trust what the machine trusts, a company's proxy included
        for name in ("PIP_CERT", "SSL_CERT_FILE"):
            os.environ.setdefault(name, str(SYSTEM_CERTIFICATES))
    main()
