"""Forms of a message: other receivers, methods that leave it unread, parts that are no fields."""

import pytest

from inspector.domain.messages import Message

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


def make_message(body: bytes, method: bytes = b"POST", headers: bytes = FORM) -> Message:
    return Message(raw_head=method + b" /b1 HTTP/1.1\r\n" + headers, body=body)


def part(name: bytes, data: bytes = b"1", boundary: bytes = b"B") -> bytes:
    head = b'Content-Disposition: form-data; name="' + name + b'"'
    return b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + data + b"\r\n"


@pytest.mark.parametrize(
    ("dialect", "value"),
    [
        ("php", {"a": {"b": ["1"]}}),
        ("rack", {"a": {"b": ["1"]}}),
        ("qs", {"a": {"b": ["1"]}}),
        ("express", {"a": {"b": ["1"]}}),
        ("flat", {"a[b][]": ["1"]}),
    ],
)
def test_a_form_as_each_receiver_reads_it(dialect: str, value: object) -> None:
    form = make_message(b"a[b][]=1").form_as(dialect)
    assert form is not None
    assert (form.value, form.dialect) == (value, dialect)


def test_a_form_in_parts_as_rack_reads_it() -> None:
    kind = b"Content-Type: multipart/form-data; boundary=B\r\n"
    message = make_message(part(b"a") + part(b"a[b]") + b"--B--\r\n", headers=kind)
    form = message.form_as("rack")
    assert form is not None
    assert "expected Hash (got String)" in form.refusal


def test_no_form_is_none_for_every_receiver() -> None:
    assert make_message(b"{}", headers=b"").form_as("qs") is None
    with pytest.raises(ValueError, match="perl"):
        make_message(b"{}", headers=b"").form_as("perl")


@pytest.mark.parametrize("method", [b"PUT", b"PATCH", b"DELETE", b"GET", b"post"])
def test_a_form_that_phps_post_does_not_have_is_noted(method: bytes) -> None:
    message = make_message(b"a=1", method)
    (note,) = message.list_form_notes(message.form)
    assert (note.code, method.decode() in note.message) == ("method_not_post", True)


@pytest.mark.parametrize(
    ("dialect", "codes"), [("rack", []), ("express", []), ("flat", ["method_not_post"])]
)
def test_receivers_differ_in_the_methods_they_read_forms_of(dialect: str, codes: list[str]) -> None:
    message = make_message(b"a=1", b"PUT")
    assert [note.code for note in message.list_form_notes(message.form_as(dialect))] == codes


def test_no_form_has_no_notes() -> None:
    assert make_message(b"", b"PUT").list_form_notes(make_message(b"", b"PUT").form) == ()
    assert make_message(b"x", headers=b"").list_form_notes(None) == ()


def test_parts_that_became_fields_are_not_among_the_others() -> None:
    file = part(b'f"; filename="x.txt')
    kind = b"Content-Type: multipart/form-data; boundary=B\r\n"
    body = b"preamble\r\n" + part(b"a") + part(b"a") + file + part(b"b") + b"--B--\r\n"
    message = make_message(body, headers=kind)
    assert [part.name for part in message.other_parts.values()] == ["f"]
    assert list(message.other_parts) == [2]


def test_a_quoted_boundary_with_a_semicolon_is_one_for_fields_and_parts() -> None:
    kind = b'Content-Type: multipart/form-data; charset=utf-8; boundary="a;b"\r\n'
    message = make_message(part(b"x", boundary=b"a;b") + b"--a;b--\r\n", headers=kind)
    assert message.form is not None
    assert message.form.value == {"x": "1"}
    assert message.media_type.boundary == "a;b"
    assert message.parts is not None
    assert message.parts.problem is None
    assert message.other_parts == {}
