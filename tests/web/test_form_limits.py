"""The limits of forms are settings, and what they drop is said."""

from __future__ import annotations

from pathlib import Path

from inspector.app import create_app
from inspector.settings import Settings


def test_the_settings_limit_what_is_read_of_a_form(tmp_path: Path) -> None:
    app = create_app(
        Settings(data_dir=tmp_path, bins=("b1",), max_form_variables=2, max_form_depth=3)
    )
    client = app.test_client()
    client.post("/b1", data={"a[b][c][d][e]": "1", "x": "2", "y": "3"})
    (request,) = client.get("/api/v1/bins/b1/requests").get_json()
    assert request["form"] == {"x": "2"}
    assert {note["code"] for note in request["form_notes"]} == {
        "nesting_exceeded",
        "variables_exceeded",
    }
    assert request["form_data"] == [["a[b][c][d][e]", "1"], ["x", "2"], ["y", "3"]]
    assert request["fidelity"] == "rebuilt"
    app.extensions["inspector"].close()
