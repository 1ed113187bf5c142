"""Payloads travel as they are; what is too long is stored, what is secret is encrypted."""

import base64
import gzip
import hashlib
import json
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from swflow import Encryption, PayloadError, Payloads, SerializationError
from swflow.values.failure import Report
from swflow.values.reading import all_readable, readable
from swflow.values.sealing import Sealer
from tests.swflow.stores import MemoryStore, noise

KEYS = {"2026": b"k" * 32}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def sealer(store: MemoryStore | None = None, *codecs: Encryption, domain: str = "films") -> Sealer:
    return Sealer(domain, Payloads(store=store, codecs=codecs))


def inside(sealed: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(sealed)["$swflow"]
    return content


def test_an_ordinary_payload_stays_as_it_is(store: MemoryStore) -> None:
    text = '{"args":["Zoë"],"kwargs":{}}'
    assert sealer(store).seal(text, "the input") == text
    assert sealer(store).open(text) == text
    assert store.content == {}


def test_without_a_store_a_payload_over_the_limit_says_what_to_do() -> None:
    assert sealer().seal("x" * 32_768, "the input of Cut") == "x" * 32_768
    with pytest.raises(
        SerializationError,
        match=r"the input of Cut is 32,769 characters .* at most 32,768; give the Client a payload",
    ):
        sealer().seal("x" * 32_769, "the input of Cut")


def test_what_is_too_long_and_can_be_squeezed_travels_squeezed(store: MemoryStore) -> None:
    text = json.dumps(["frame"] * 100_000)
    sealed = sealer(store).seal(text, "the input")
    assert (len(sealed) < 10_000, store.content) == (True, {})
    assert gzip.decompress(base64.b64decode(inside(sealed)["data"])).decode() == text
    assert sealer().open(sealed) == text


def test_what_is_too_long_still_is_stored_under_its_day_and_checksum(store: MemoryStore) -> None:
    text = noise(40_000)
    sealed = sealer(store).seal(text, "the input")

    [(key, data)] = store.content.items()
    today = datetime.now(UTC).date().isoformat()
    assert key == f"films/{today}/{hashlib.sha256(data).hexdigest()}"
    says = inside(sealed)
    assert (says["stored"], says["store"]) == (key.removeprefix("films/"), "memory")
    assert says["size"] == len(text.encode())
    assert sealer(store).open(sealed) == text


def test_a_payload_that_looks_like_an_envelope_comes_as_it_was(store: MemoryStore) -> None:
    text = '{"$swflow":{"size":1,"encoding":[],"data":"eA=="}}'
    assert sealer().open(sealer().seal(text, "the input")) == text
    assert sealer(store).open(sealer(store).seal(text, "the input")) == text


def test_the_same_payload_is_stored_once(store: MemoryStore) -> None:
    one, text = sealer(store), noise(40_000)
    assert len({one.seal(text, "the input") for _ in range(100)}) == 1
    assert store.puts == 1


def test_what_was_fetched_is_not_fetched_again(store: MemoryStore) -> None:
    sealed = sealer(store).seal(noise(40_000), "the input")
    one = sealer(store)
    assert {one.open(sealed) for _ in range(100)} == {noise(40_000)}
    assert store.gets == 1


@pytest.mark.parametrize("codecs", [(), (Encryption(KEYS),)])
def test_a_stored_payload_is_compared_without_the_store(
    store: MemoryStore, codecs: tuple[Encryption, ...]
) -> None:
    sealed = sealer(store, *codecs).seal(noise(40_000), "the input")
    assert sealer(store, *codecs).same(noise(40_000), sealed)
    assert not sealer(store, *codecs).same(noise(40_000, seed=1), sealed)
    assert store.gets == 0


@pytest.mark.parametrize("limit", [2_048, 32_768])
def test_what_is_stored_keeps_to_the_limit(store: MemoryStore, limit: int) -> None:
    sealed = sealer(store, Encryption(KEYS)).seal(noise(40_000), "a heartbeat's details", limit)
    assert len(sealed) <= 1_000


# Trouble.


def test_a_payload_that_is_not_in_the_store(store: MemoryStore) -> None:
    sealed = sealer(store).seal(noise(40_000), "the input")
    with pytest.raises(PayloadError, match=r"the payload films/.* is not in memory") as caught:
        sealer(MemoryStore()).open(sealed)
    assert (caught.value.retry, caught.value.passing) == (True, False)


def test_a_process_without_the_store_is_told(store: MemoryStore) -> None:
    sealed = sealer(store).seal(noise(40_000), "the input")
    with pytest.raises(PayloadError, match="stored in memory, and this process has no store"):
        sealer().open(sealed)


def test_another_domain_does_not_get_at_it(store: MemoryStore) -> None:
    sealed = sealer(store).seal(noise(40_000), "the input")
    with pytest.raises(PayloadError, match="the payload books/"):
        sealer(store, domain="books").open(sealed)


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[::-1], lambda _: b""])
def test_a_damaged_payload_is_found(store: MemoryStore, damage: Any) -> None:
    sealed = sealer(store).seal(noise(40_000), "the input")
    [key] = store.content
    store.content[key] = damage(store.content[key])
    with pytest.raises(PayloadError, match=r"the payload .* in memory is damaged") as caught:
        sealer(store).open(sealed)
    assert caught.value.retry is False


def test_a_store_in_trouble(store: MemoryStore) -> None:
    sealed = sealer(store).seal(noise(40_000), "the input")
    store.trouble = OSError("no space left")
    with pytest.raises(PayloadError, match="could not be fetched from memory: no space") as caught:
        sealer(store).open(sealed)
    assert caught.value.passing is True
    with pytest.raises(PayloadError, match="could not be put into memory: no space") as caught:
        sealer(store).seal(noise(40_000), "the input")
    assert caught.value.passing is True


@pytest.mark.parametrize(
    "text",
    [
        '{"$swflow":',
        '{"$swflow":{}}',
        '{"$swflow":{"size":1,"encoding":[],"data":"?"}}',
        '{"$swflow":{"size":1,"encoding":[],"store":"","of":"","stored":"../../../etc/passwd"}}',
    ],
)
def test_what_is_no_envelope_is_refused(store: MemoryStore, text: str) -> None:
    with pytest.raises(PayloadError, match="begins as an envelope of swflow and is none"):
        sealer(store).open(text)


def test_no_more_is_unpacked_than_the_envelope_says(store: MemoryStore) -> None:
    bomb = base64.b64encode(gzip.compress(b"0" * 10_000_000)).decode()
    sealed = json.dumps({"$swflow": {"size": 9, "encoding": ["gzip"], "data": bomb}})
    with pytest.raises(PayloadError, match="a payload is damaged"):
        sealer(store).open(sealed.replace(" ", ""))


def test_a_threshold_over_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="the threshold is 40,000 characters; it can be from 1 to"):
        Payloads(threshold=40_000)


# Failures.


def test_the_details_of_a_failure_are_sealed_and_whether_to_retry_is_not(
    store: MemoryStore,
) -> None:
    report = Report("no disk", noise(40_000), retry=False, handed_back=True)
    sealed = sealer(store).seal_failure(report.wire()["details"])
    assert len(sealed) < 1_000
    assert (json.loads(sealed)["retry"], json.loads(sealed)["handed_back"]) == (False, True)
    assert Report.read("no disk", sealer(store).open_failure(sealed)) == report


def test_an_ordinary_failure_stays_as_it_is(store: MemoryStore) -> None:
    details = Report("no disk", {"free": 0}, retry=True).wire()["details"]
    assert sealer(store).seal_failure(details) == details
    assert sealer(store).open_failure("no JSON") == "no JSON"


def test_details_that_are_too_long_do_not_stop_the_failure() -> None:
    details = Report("no disk", json.loads(noise(40_000)), retry=False).wire()["details"]
    sealed = sealer().seal_failure(details)
    assert len(sealed) <= 32_768
    report = Report.read("no disk", sealer().open_failure(sealed))
    assert (report.retry, "a failure's details is 40,002 characters" in report.details) == (
        False,
        True,
    )


def test_details_of_a_failure_that_look_like_an_envelope_come_as_they_were() -> None:
    report = Report("no disk", {"$swflow": 7}, retry=True)
    sealed = sealer().seal_failure(report.wire()["details"])
    assert Report.read("no disk", sealer().open_failure(sealed)) == report


# For people.


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda store: sealer(store, Encryption(KEYS)), noise(40_000)),
        (lambda _: sealer(None, Encryption(KEYS)), "(stored in memory, not fetched)"),
        (sealer, "(encrypted, no key given)"),
        (
            lambda store: sealer(store, Encryption({"2027": b"n" * 32})),
            "(a payload is encrypted with the key '2026', and this process has '2027')",
        ),
    ],
    ids=["with all that is needed", "without the store", "without the key", "with another key"],
)
def test_a_payload_is_read_by_people_or_it_is_said_why_not(
    store: MemoryStore, how: Callable[[MemoryStore], Sealer], said: str
) -> None:
    one = sealer(store, Encryption(KEYS))
    sealed = one.seal(noise(40_000), "the input")
    assert readable(how(store), sealed) == said
    details = Report("no disk", json.loads(noise(40_000)), retry=False).wire()["details"]
    shown = readable(how(store), one.seal_failure(details))
    assert shown == (said if said.startswith("(") else details)


def test_what_was_swept_is_said_to_be_gone(store: MemoryStore) -> None:
    sealed = sealer(store).seal(noise(40_000), "the input")
    shown = readable(sealer(MemoryStore()), sealed)
    assert re.fullmatch(r"\(stored in memory, and not there any more\)", shown)


def test_what_is_plain_is_read_as_it_is() -> None:
    says = {"activityId": "1", "input": '["$swflow"]', "tagList": ["a"]}
    assert all_readable(sealer(), says) == says


# Encryption.


def test_an_encrypted_payload_cannot_be_read(store: MemoryStore) -> None:
    text = '"the butler did it"'
    one = sealer(store, Encryption(KEYS))
    sealed = one.seal(text, "the input")
    assert "butler" not in base64.b64decode(inside(sealed)["data"]).decode(errors="ignore")
    assert sealed != one.seal(text, "the input")
    assert one.open(sealed) == text
    assert one.same(text, sealed)


def test_an_encrypted_payload_shows_no_checksum_of_what_is_in_it(store: MemoryStore) -> None:
    text = noise(40_000)
    sealed = sealer(store, Encryption(KEYS)).seal(text, "the input")
    digest = hashlib.sha256(text.encode())
    assert digest.hexdigest() not in sealed
    assert digest.digest() not in base64.b64decode(inside(sealed)["of"])
    assert sealer(store, Encryption(KEYS)).open(sealed) == text


def test_with_encryption_and_no_store_the_limit_is_that_of_what_travels() -> None:
    one = sealer(None, Encryption(KEYS))
    assert one.open(one.seal(json.dumps("x" * 100_000), "the input")) == json.dumps("x" * 100_000)
    assert not one.fits(noise(16_000))
    with pytest.raises(SerializationError, match=r"the input of Cut, encoded, is \d+,\d+ chara"):
        one.seal(noise(16_000), "the input of Cut")


@pytest.mark.parametrize("limit", [2_048, 32_768])
def test_what_is_said_to_fit_can_be_sealed(limit: int) -> None:
    one = sealer(None, Encryption({"k" * 64: b"k" * 32}))
    longest = "".join(chr(0x1F000 + secrets.randbelow(3_000)) for _ in range(limit))
    texts = [longest[:length] for length in range(0, limit, limit // 60)]
    fitting = [text for text in texts if one.fits(text, limit)]
    assert 1 < len(fitting) < len(texts)
    for text in fitting:
        assert len(one.seal(text, "the input", limit)) <= limit


def test_what_is_said_to_fit_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = Encryption(KEYS)
    one = sealer(None, codec)
    text = noise(7_000)
    assert one.fits(text)
    monkeypatch.setattr(codec, "encode", None)  # whoever calls it fails
    assert one.open(one.seal(text, "the input")) == text


def test_keys_are_changed_by_adding_one() -> None:
    old = sealer(None, Encryption(KEYS)).seal("7", "the input")
    both = sealer(None, Encryption({"2027": b"n" * 32} | KEYS))
    assert both.open(old) == "7"
    new = both.seal("7", "the input")
    with pytest.raises(
        PayloadError, match="encrypted with the key '2027', and this process has '2026'"
    ) as caught:
        sealer(None, Encryption(KEYS)).open(new)
    assert caught.value.retry is True


def test_a_wrong_key_is_found() -> None:
    sealed = sealer(None, Encryption(KEYS)).seal("7", "the input")
    with pytest.raises(PayloadError, match="cannot be decrypted with the key '2026'"):
        sealer(None, Encryption({"2026": b"w" * 32})).open(sealed)


def test_what_was_encrypted_for_one_domain_is_not_read_in_another() -> None:
    sealed = sealer(None, Encryption(KEYS)).seal("7", "the input")
    with pytest.raises(PayloadError, match="cannot be decrypted"):
        sealer(None, Encryption(KEYS), domain="books").open(sealed)


def test_a_process_without_the_codec_is_told() -> None:
    sealed = sealer(None, Encryption(KEYS)).seal("7", "the input")
    with pytest.raises(PayloadError, match="encoded by 'aes-256-gcm', which this process does not"):
        sealer().open(sealed)


def test_keys_come_from_the_environment_or_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    keys = {"new": b"n" * 32, "old": b"o" * 32}
    lines = [f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in keys.items()]
    monkeypatch.setenv("SWFLOW_ENCRYPTION_KEYS", ",".join(lines))
    (tmp_path / "keys").write_text("\n".join(lines) + "\n")

    sealed = Encryption(keys).encode(b"7", "films")

    for each in (Encryption.from_environment(), Encryption.from_file(tmp_path / "keys")):
        assert each.decode(sealed, "films") == b"7"
        assert each.encode(b"7", "films").startswith(b"\3new")
        assert repr(each) == "Encryption(new, old)"


@pytest.mark.parametrize("text", ["new", "new:no base64", "new:" + base64.b64encode(b"x").decode()])
def test_keys_that_are_none_are_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SWFLOW_ENCRYPTION_KEYS", text)
    with pytest.raises(Exception, match=r"as id:key|has \d bytes and needs 32") as caught:
        Encryption.from_environment()
    assert not re.search(r"no base64|eA==", str(caught.value))


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FILM_KEYS", raising=False)
    with pytest.raises(Exception, match="the environment variable FILM_KEYS, for the keys, is not"):
        Encryption.from_environment("FILM_KEYS")
