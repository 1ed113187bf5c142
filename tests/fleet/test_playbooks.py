"""Playbooks that Ansible can read."""

from fleet.host import ROOT, run_tool


def test_every_playbook_passes_the_syntax_check() -> None:
    folders = [
        ROOT / "playbooks",
        *(path for path in (ROOT / "molecule").iterdir() if path.is_dir()),
    ]
    playbooks = [path for folder in folders for path in sorted(folder.glob("*.yml"))]
    plays = [str(path) for path in playbooks if "\n- name: " in path.read_text()]
    inventory = ROOT / "inventories/staging"
    said = run_tool("ansible-playbook", "--syntax-check", f"-i={inventory}", *plays)
    assert said.count("playbook: ") == len(plays)
