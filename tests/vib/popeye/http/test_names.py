import pytest

from vib.popeye.http.names import harmless


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("party.mp4", "party.mp4"),
        ("Geburtstag für Oma.MOV", "Geburtstag für Oma.MOV"),
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\party.avi", "party.avi"),
        ("/", "video"),
        ("..", "video"),
        ("", "video"),
        ("...hidden", "hidden"),
        ("a\0b\nc.mp4", "abc.mp4"),
        ("é" * 300 + ".mp4", "é" * 98 + ".mp4"),
    ],
)
def test_a_name_is_for_people_and_harmless_as_a_files(given: str, taken: str) -> None:
    assert harmless(given) == taken
