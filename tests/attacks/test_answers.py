"""What a bin is told to answer must not reach beyond the one answer."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import pytest

from inspector.domain.answers.answer import Answer, render_answer


@dataclass(frozen=True)
class Case:
    id: str
    header: tuple[str, str]


REACHING = [
    Case("a cookie for our pages", ("Set-Cookie", "inspector-8787=x; Path=/")),
    Case("a worker over our pages", ("service-worker-allowed", "/")),
    Case("our cookies and storage wiped", ("Clear-Site-Data", '"*"')),
    Case("its sandbox opened", ("Content-Security-Policy", "sandbox allow-scripts")),
    Case("https for ever after", ("Strict-Transport-Security", "max-age=99999999")),
    Case("another server for our origin", ("Alt-Svc", 'h2="evil.example:443"')),
    Case("reports of what our users do", ("Report-To", "{}")),
    Case("and their newer form", ("Reporting-Endpoints", 'a="https://evil.example"')),
    Case("a second answer", ("Content-Length", "0")),
    Case("another framing", ("Transfer-Encoding", "chunked")),
    Case("a header within a header", ("X-A", "b\r\nSet-Cookie: c=d")),
    Case("a header within a name", ("X-A: b\r\nSet-Cookie", "c=d")),
    Case("a bare line feed", ("X-A", "b\nSet-Cookie: c=d")),
    Case("a NUL", ("X-A", "b\0")),
]


@pytest.mark.parametrize("case", REACHING, ids=attrgetter("id"))
def test_a_header_that_reaches_further_is_left_out(case: Case) -> None:
    answer = Answer(headers=(case.header, ("X-Kept", "1")))
    payload = render_answer(answer, head_only=False, http_1_0=False, close=False)
    head, _, body = payload.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]]
    assert names.count(b"content-length") == 1
    assert b"set-cookie" not in names
    assert case.header[1].encode() not in [line.partition(b": ")[2] for line in head.split(b"\r\n")]
    assert b"x-kept" in names
    assert b"Content-Security-Policy: sandbox\r\n" in head
    assert b"X-Content-Type-Options: nosniff" in head
    assert body == b"ok\n"
