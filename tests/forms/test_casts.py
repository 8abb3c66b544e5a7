import pytest

from inspector.forms.casts import text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [("é", "é"), (None, ""), (False, ""), (True, "1"), (-7, "-7"), (0.1, "0.1"), (1e25, "1.0E+25")],
)
def test_text_is_what_php_casts_it_to(value: object, text: str) -> None:
    assert text_of(value) == text


def test_what_php_casts_to_no_useful_text_is_refused() -> None:
    with pytest.raises(TypeError, match="list"):
        text_of([])
