from pathlib import Path

import pytest

from vib.errors import VibError
from vib.settings import load

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

    assert load().notify_secret.get_secret_value() == "from a file"


def test_secrets_are_not_shown() -> None:
    assert SECRET not in repr(load())


def test_what_is_missing_or_wrong_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("VIB_DATABASE_URL")
    monkeypatch.setenv("VIB_NOTIFY_URL", f"no url but {SECRET}")

    with pytest.raises(VibError) as caught:
        load()

    sentence = str(caught.value)
    assert "VIB_DATABASE_URL: Field required" in sentence
    assert "VIB_NOTIFY_URL" in sentence
    assert SECRET not in sentence


@pytest.mark.parametrize("bucket", ["", "videos"])
def test_files_are_kept_in_a_folder_or_in_a_bucket(
    monkeypatch: pytest.MonkeyPatch, bucket: str
) -> None:
    if bucket:
        monkeypatch.setenv("VIB_STORAGE_BUCKET", bucket)
    else:
        monkeypatch.delenv("VIB_STORAGE_FOLDER")

    with pytest.raises(VibError, match=r"VIB_STORAGE_FOLDER, VIB_STORAGE_BUCKET: .* either"):
        load()
