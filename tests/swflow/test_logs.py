import json
import logging
import sys

from swflow import JsonFormatter


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("a.test", logging.INFO, __file__, 1, message, arguments, None)
    vars(made).update(extra)
    return made


def test_a_line_is_one_json_object_with_time_level_and_message() -> None:
    line = json.loads(JsonFormatter().format(record("took %s s", 3)))

    assert line["message"] == "took 3 s"
    assert line["level"] == "INFO"
    assert line["logger"] == "a.test"
    assert line["time"].endswith("+00:00")


def test_what_extra_carries_stands_beside_the_message() -> None:
    line = json.loads(JsonFormatter().format(record("done", media_uuid="m", duration=1.5)))

    assert (line["media_uuid"], line["duration"]) == ("m", 1.5)


def test_an_exception_stays_on_the_same_line() -> None:
    try:
        int("broken")
    except ValueError:
        made = record("failed")
        made.exc_info = sys.exc_info()

    text = JsonFormatter().format(made)

    assert "\n" not in text
    assert "invalid literal" in json.loads(text)["exception"]
