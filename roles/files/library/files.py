"""Write files, several at once: what costs on a host is that Python starts for a task."""

import grp
import os
import shlex
import tempfile
from pathlib import Path
from stat import S_IMODE

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: files
short_description: Write files, several at once
description:
  - Files with these contents, modes and groups, owned by the user that Ansible has become.
  - Folders that are missing are made. A file is replaced as a whole, when all of it is written.
options:
  files:
    description: What they are.
    type: list
    elements: dict
    required: true
    suboptions:
      path: {description: Where it is., type: path, required: true}
      content: {description: What is in it., type: str, required: true}
      mode: {description: Who may do what; octal., type: str, default: "0644"}
      group: {description: Whose it is; that of the user if left out., type: str}
      validate:
        description: A command that has to succeed with the new file in place of C(%s).
        type: str
author: vib
"""
EXAMPLES = r"""
- name: Configuration and unit
  files:
    files:
      - path: /etc/popcorn.conf
        content: "{{ lookup('ansible.builtin.template', 'popcorn.conf.j2') }}"
      - {path: /etc/popcorn.key, content: "{{ popcorn_key }}", mode: "0640", group: popcorn}
"""
RETURN = r"""
paths: {description: The files that were changed., type: list, returned: always}
"""
FILE = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
    "mode": {"type": "str", "default": "0644"},
    "group": {"type": "str"},
    "validate": {"type": "str"},
}


class File:
    """One file, as it shall be."""

    def __init__(self, module: AnsibleModule, given: dict[str, str]) -> None:
        self.path = Path(given["path"])
        self._module = module
        self._content = given["content"]
        self._mode = int(given["mode"], 8)
        self._group = self._number(given["group"])
        self._validate = given["validate"]

    def put(self) -> dict[str, str] | None:
        """Have it as it shall be; the difference, if there is one."""
        there = self.path.read_text(errors="replace") if self.path.exists() else ""
        before = self._look()
        if before == (self._mode, os.geteuid(), self._group) and there == self._content:
            return None
        if not self._module.check_mode:
            self._write()
        return {
            "before_header": f"{self.path} {_attributes(before)}",
            "after_header": f"{self.path} {_attributes((self._mode, os.geteuid(), self._group))}",
            "before": there,
            "after": self._content,
        }

    def _look(self) -> tuple[int, int, int] | None:
        if not self.path.exists():
            return None
        seen = self.path.stat()
        return S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid

    def _write(self) -> None:
        folder = self.path.parent
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".", delete=False) as new:
            try:
                os.fchown(new.fileno(), -1, self._group)
                os.fchmod(new.fileno(), self._mode)
                new.write(self._content)
                new.flush()
                self._check(new.name)
                Path(new.name).replace(self.path)
            except BaseException:
                Path(new.name).unlink()
                raise

    def _check(self, name: str) -> None:
        if self._validate:
            status, out, err = self._module.run_command(shlex.split(self._validate % name))
            if status:
                self._module.fail_json(f"{self.path} would not do: {(err or out).strip()}")

    def _number(self, group: str | None) -> int:
        if group is None:
            return os.getegid()
        try:
            return grp.getgrnam(group).gr_gid
        except KeyError:
            if self._module.check_mode:  # a task before this one would have made it
                return -1
            self._module.fail_json(f"There is no group {group}, which {self.path} is for.")
            raise


def main() -> None:
    """The module."""
    options = {"type": "list", "elements": "dict", "options": FILE, "required": True}
    module = AnsibleModule({"files": options}, supports_check_mode=True)
    changed = {}
    for given in module.params["files"]:
        file = File(module, given)
        difference = file.put()
        if difference is not None:
            changed[str(file.path)] = difference
    module.exit_json(changed=bool(changed), paths=list(changed), diff=list(changed.values()))


def _attributes(seen: tuple[int, int, int] | None) -> str:
    return "(absent)" if seen is None else "({:04o}, {}:{})".format(*seen)


if __name__ == "__main__":
    main()
