from dataclasses import dataclass
from operator import attrgetter

import pytest

from inspector.forms import parse
from inspector.reading.receivers import (
    MAX_LOST_SHOWN,
    TITLES,
    choose_receiver,
    find_differences,
    list_receiver_names,
)
from inspector.reading.tree import build_reading
from tests.reading.captures import SAMPLE_BODY, make_request


@dataclass(frozen=True)
class Case:
    receiver: str
    body: bytes
    summary: str
    marks: dict[tuple[str, ...], str]
    lost: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.receiver} {self.body[:30]!r}"


CASES = [
    Case("php", b"a=1&a[b]=2", "", {}),
    Case("sent", b"a=1&a[b]=2", "", {}),
    Case("rack", b"a[b]=1", "", {}),
    Case("rack", b"a", "Rails makes 1 value nil.", {("a",): "nil; an empty text for PHP"}),
    Case("rack", b"a.b=1", "Rails puts 1 field elsewhere.", {("a.b",): "a_b for PHP"}),
    Case("rack", b"p[0][n]=1&p[1][n]=2&t[]=3", "Rails makes objects of 1 list.",
         {("p",): "a list for PHP"}),
    Case("qs", b"&".join(b"p[%d]=1" % n for n in range(21)),
         "qs makes objects of 1 list.", {("p",): "a list for PHP"}),
    Case("qs", b"a[b][c][d][e][f][g]=1&a[b][c][d][e][f][h]=2", "qs cuts 2 paths.",
         {("a", "b", "c", "d", "e", "f", "[g]"): "a.b.c.d.e.f.g for PHP",
          ("a", "b", "c", "d", "e", "f", "[h]"): "a.b.c.d.e.f.h for PHP"}),
    Case("qs", b"a=1&a=2", "qs puts 1 field elsewhere and keeps 1 field that PHP loses.",
         {("a", "0"): "PHP loses this field", ("a", "1"): "a for PHP"}),
    Case("qs", b"a=%FF", "qs reads 1 value otherwise.", {("a",): "PHP reads another text"}),
    Case("qs", b"&" * 1000 + b"x=1&y=2", "qs loses 2 fields.", {}, ("x", "y")),
    Case("express", b"toString=1", "", {}),
    Case("flat", b"a[b]=1&a[c]=2", "", {}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_differences_from_php_are_marked_and_counted(case: Case) -> None:
    found = find_differences(make_request(case.body), case.receiver)
    assert (found.summary, found.marks, found.lost) == (case.summary, case.marks, case.lost)


def test_a_refusal_is_the_summary() -> None:
    found = find_differences(make_request(b"a=1&a[b]=2"), "rack")
    assert found.is_refusal
    assert "expected Hash (got String)" in found.summary


def test_of_many_lost_fields_some_are_named_and_all_counted() -> None:
    body = b"&" * 1000 + b"&".join(b"n%d=1" % number for number in range(900))
    found = find_differences(make_request(body), "qs")
    assert (len(found.lost), found.lost_count) == (MAX_LOST_SHOWN, 900)


def test_parts_that_express_leaves_unread_are_lost() -> None:
    part = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n'
    request = make_request(part, "multipart/form-data; boundary=B")
    found = find_differences(request, "express")
    assert (found.summary, found.lost) == ("Express loses 1 field.", ("a",))


def test_what_is_no_form_has_no_differences() -> None:
    assert find_differences(make_request(b"{}", "application/json"), "qs").summary == ""


@pytest.mark.parametrize("receiver", TITLES)
def test_the_sample_ticket_is_read_alike_by_all(receiver: str) -> None:
    request = make_request(SAMPLE_BODY)
    reading = build_reading(request, receiver=receiver)
    assert reading.receiver == receiver
    assert reading.rows
    assert not reading.differences.is_refusal


def test_the_pairs_as_sent_are_rows_in_wire_order_and_can_be_filtered() -> None:
    request = make_request(b"b=1&a[x]=2&b=3&[bad]=4")
    reading = build_reading(request, receiver="sent")
    assert [(row.key, row.text, row.path) for row in reading.rows] == [
        ("b", "1", ""), ("a[x]", "2", "a.x"), ("b", "3", "b"), ("[bad]", "4", ""),
    ]  # fmt: skip
    filtered = build_reading(request, receiver="sent", filter_text="x")
    assert ([row.key for row in filtered.rows], filtered.total) == (["a[x]"], 4)


def test_marks_are_on_their_rows() -> None:
    reading = build_reading(make_request(b"a=1&a=2"), receiver="qs")
    assert [row.mark for row in reading.rows if not row.opens] == [
        "PHP loses this field", "a for PHP",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "usual", "chosen"),
    [("qs", "php", "qs"), (None, "rack", "rack"), ("perl", "rack", "rack"), ("x", "y", "php")],
)
def test_the_wanted_receiver_goes_before_the_bins(
    wanted: str | None, usual: str, chosen: str
) -> None:
    assert choose_receiver(wanted, usual) == chosen


@pytest.mark.parametrize(
    ("receiver", "path", "names"),
    [
        ("php", ("t", "0", "a'b"), ["$_POST['t'][0]['a\\'b']"]),
        ("rack", ("t", "0", "a'b"), ["params[:t]['0']['a\\'b']"]),
        ("qs", ("t", "0", "a'b"), ['req.body.t[0]["a\'b"]']),
        ("flat", ("t[0][a'b]", "0"),
         ['request.form["t[0][a\'b]"]', 'request.POST.getlist("t[0][a\'b]")[0]',
          'r.Form.Get("t[0][a\'b]")']),
        ("flat", ("t[0][a'b]", "1"),
         ['request.form.getlist("t[0][a\'b]")[1]', 'request.POST.getlist("t[0][a\'b]")[1]',
          'r.Form["t[0][a\'b]"][1]']),
    ],
)  # fmt: skip
def test_a_field_is_named_as_its_receivers_program_names_it(
    receiver: str, path: tuple[str, ...], names: list[str]
) -> None:
    value = parse(b"t[0][a%27b]=1&t[0][a%27b]=2", receiver).value
    assert [name for _, name in list_receiver_names(path, value, receiver)] == names
