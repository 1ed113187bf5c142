import pytest

from vib.facebook.names import tag


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Grace Hopper", "Grace_Hopper-4711"),
        ("Jean-Luc  de la Tour", "Jean-Luc_de_la_Tour-4711"),
        ("José\tÁlvarez", "José_Álvarez-4711"),
        ("", "-4711"),
    ],
)
def test_a_tag_is_the_name_with_underscores_and_the_id_after_the_last_dash(
    name: str, expected: str
) -> None:
    assert tag(name, "4711") == expected
    assert tag(name, "4711").rpartition("-")[2] == "4711"
