from pathlib import Path

import pytest

from vib.errors import VibError
from vib.services import Services
from vib.settings import Settings, load

SECRET = "not to be shown"  # noqa: S105 - of these tests only


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting that is needed."""
    for name, value in {
        "VIB_DATABASE_URL": f"postgresql+psycopg2://vib:{SECRET}@/vib",
        "VIB_STORAGE_FOLDER": "/srv/vib",
        "VIB_SCRATCH_FOLDER": "/tmp/vib",  # noqa: S108 - nothing is written there
        "VIB_NOTIFY_URL": "https://example.org/complete",
        "VIB_NOTIFY_SECRET": SECRET,
    }.items():
        monkeypatch.setenv(name, value)


def test_settings_come_from_the_environment() -> None:
    assert load().storage_folder == Path("/srv/vib")


def test_a_secret_may_be_the_content_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIB_NOTIFY_SECRET")
    monkeypatch.setenv("VIB_SECRETS_DIR", str(tmp_path))
    (tmp_path / "vib_notify_secret").write_text("from a file\n")

    assert load().needed("notify_secret").get_secret_value() == "from a file"


def test_secrets_are_not_shown() -> None:
    assert SECRET not in repr(load())


def test_what_is_wrong_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIB_NOTIFY_URL", f"no url but {SECRET}")
    monkeypatch.setenv("VIB_UPLOAD_SECRET", "too short")

    with pytest.raises(VibError) as caught:
        load()

    sentence = str(caught.value)
    assert "VIB_NOTIFY_URL: " in sentence
    assert "VIB_UPLOAD_SECRET: " in sentence
    assert SECRET not in sentence
    assert "too short" not in sentence


def test_a_list_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIB_UPLOAD_ORIGINS", "https://web.example.org")

    with pytest.raises(VibError, match=r"^Settings are wrong: .*upload_origins"):
        load()


def test_files_are_not_kept_in_a_folder_and_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIB_STORAGE_BUCKET", "videos")

    with pytest.raises(VibError, match=r"VIB_STORAGE_FOLDER, VIB_STORAGE_BUCKET: .* either"):
        load()


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIB_SWF_ENDPOINT_URL", "")
    monkeypatch.setenv("VIB_SWF_DOMAIN", "")

    assert (load().swf_endpoint_url, load().swf_domain) == (None, "vib")


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("engine", "VIB_DATABASE_URL"),
        ("storage", "VIB_STORAGE_FOLDER or VIB_STORAGE_BUCKET"),
        ("scratch_folder", "VIB_SCRATCH_FOLDER"),
        ("web", "VIB_NOTIFY_SECRET"),
        ("upload_secret", "VIB_UPLOAD_SECRET"),
    ],
)
def test_what_is_missing_is_told_to_those_who_need_it_and_why(
    monkeypatch: pytest.MonkeyPatch, name: str, missing: str
) -> None:
    for each in missing.split(" or "):
        monkeypatch.delenv(each, raising=False)
    context = Services(load())

    with pytest.raises(VibError, match=rf"^{missing} is missing, which (is|says) "):
        getattr(context, name)


def test_a_decider_needs_no_settings() -> None:
    assert Services(Settings()).swf.domain == "vib"
