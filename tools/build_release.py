"""Build what hosts install, and print its ids as JSON: `python tools/build_release.py [RELEASE]`.

`var/release/wheels-ID.tar` has the wheels of everything but the project, as the lock files name
them by hash; `var/release/ID.tar` has the project's own wheel, its lock file, and the programs that
install and run it. What is there is not made again. RELEASE is one that was built before, in place
of the code that is here.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tomllib
import zipapp
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LOCK = "requirements-release.lock"
LOCKS = (LOCK, "requirements-hosts.lock")
RELEASE = ROOT / "var" / "release"
PROGRAMS = ("vib-env", "vib-run", "vib-job")
PARTS = ("src", "files", "pyproject.toml", LOCK)  # what makes one release another


def main() -> None:
    """Build what is missing."""
    RELEASE.mkdir(parents=True, exist_ok=True)
    release = _built_before(sys.argv[1]) if sys.argv[1:] else _release()
    print(json.dumps({"release": release, "wheels": _wheels()}))


def _built_before(release: str) -> str:
    """The release, which has to be there."""
    there = [each.stem for each in RELEASE.glob("[0-9]*.tar")]
    if release not in there:
        sys.exit(f"build_release: {release} was not built here; there are: {', '.join(there)}.")
    return release


def _wheels() -> str:
    """The wheels, by what their lock files say."""
    wheels = _hash(*((ROOT / lock).read_bytes() for lock in LOCKS))
    archive = RELEASE / f"wheels-{wheels}.tar"
    if not archive.exists():
        with TemporaryDirectory(dir=RELEASE) as name:
            folder = Path(name)
            only_wheels = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
            pip = (BIN / "python", "-m", "pip", "--quiet", "--disable-pip-version-check")
            for lock in LOCKS:
                _run(*pip, "download", *only_wheels, "--dest", folder, "--requirement", ROOT / lock)
            (folder / wheels).touch()
            _pack({folder: "opt/vib/wheels"}, archive)
    return wheels


def _release() -> str:
    """The project, by its version and what identifies the code."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    release = f"{version}-{_code()}"
    archive = RELEASE / f"{release}.tar"
    if not archive.exists():
        with TemporaryDirectory(dir=RELEASE) as name:
            folder = Path(name)
            uv = (BIN / "uv", "--no-config", "--quiet")
            _run(*uv, "build", "--wheel", "--no-create-gitignore", "--out-dir", folder, ROOT)
            (folder / "requirements.lock").write_bytes((ROOT / LOCK).read_bytes())
            programs = {ROOT / "files" / name: f"usr/local/bin/{name}" for name in PROGRAMS}
            with NamedTemporaryFile(dir=RELEASE) as program:
                _pack_program(Path(program.name))
                programs[Path(program.name)] = "usr/local/bin/vib-release"
                _pack({folder: f"opt/vib/incoming/{release}", **programs}, archive)
    return release


def _code() -> str:
    """The last commit that changed the release, and what was changed since."""
    commit = _git("log", "-1", "--abbrev=10", "--format=%h", "--", *PARTS).strip()
    told = _git("diff", "HEAD", "--", *PARTS)
    new = _git("ls-files", "--others", "--exclude-standard", *PARTS).split()
    changed = [told.encode(), *((ROOT / each).read_bytes() for each in new)]
    return f"{commit}.{_hash(*changed)}" if any(changed) else commit


def _pack_program(file: Path) -> None:
    """`vib-release` as one file, which Debian's python3 runs."""
    zipapp.create_archive(
        ROOT / "files",
        file,
        interpreter="/usr/bin/python3",
        main="vib_release.__main__:main",
        filter=lambda path: path.parts[0] == "vib_release" and path.suffix == ".py",
    )
    file.chmod(0o755)


def _pack(parts: dict[Path, str], archive: Path) -> None:
    """Files and folders as an archive, under these names, there as a whole or not at all."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    unfinished = archive.with_suffix(".partial")
    with tarfile.open(unfinished, "w") as tar:
        for part, name in parts.items():
            tar.add(part, name, filter=plain)
    unfinished.replace(archive)


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:10]


def _git(*words: str) -> str:
    command = ("git", "-C", str(ROOT), *words)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _run(*command: str | Path) -> None:
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        sys.exit(f"build_release: `{' '.join(map(str, command[:5]))} ...` failed, see above.")


if __name__ == "__main__":
    main()
