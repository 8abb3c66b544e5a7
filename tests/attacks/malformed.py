"""Requests that are nearly right: whole ones, cut, doubled, planted with what parsers trip over."""

from __future__ import annotations

from hypothesis import strategies as st

HOST = b"Host: 127.0.0.1\r\n"
FORM = b"ticket[id]=5&ticket[subject]=Hello&custom_data="
WHOLE = (
    b"POST /b1/hook?page=2 HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s" % (HOST, len(FORM), FORM),
    b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;x=y\r\na=1&b\r\n2\r\n=2\r\n0\r\nT: u\r\n\r\n",
    b"PUT /b1 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\na=1",
    b"GET /b1/a%2Fb;c?x[]=1&x[]=2#f HTTP/1.1\r\nX-A: b\r\n folded\r\nx-a: c\r\n\r\n",
    b"GET http://127.0.0.1/b1/there HTTP/1.1\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    b"CONNECT b1:443 HTTP/1.1\r\n\r\n",
    b"HEAD /b1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET /b1\r\n\r\n",
    b"POST /b1 HTTP/1.1\r\nContent-Length: 57\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
    b"GET / HTTP/1.1\r\n" + HOST + b"Accept-Encoding: gzip\r\n\r\n",
    b"GET /bins/b1?q=ticket.id%3D5&before=1-9 HTTP/1.1\r\n" + HOST + b"HX-Request: true\r\n\r\n",
    b"GET /bins/b1/requests/1-1?filter=a&open=ticket HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /api/v1/bins/b1/requests?limit=3&q=is:form HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /api/v1/bins/b1/requests/1-1?format=curl HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /api/v1/bins/b1/requests/wait?timeout=0.1&where=a%3D1 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /api/v1/bins/b1/events?after=0 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /api/v1/bins/b1/export?format=csv HTTP/1.1\r\n" + HOST + b"\r\n",
    b"POST /api/v1/bins HTTP/1.1\r\n%sContent-Type: application/json\r\nContent-Length: 13\r\n\r\n"
    b'{"name":"b1"}' % HOST,
    b"GET /static/base.css HTTP/1.1\r\n" + HOST + b"If-None-Match: *\r\nRange: bytes=0-\r\n\r\n",
)
TOKENS = (
    *(b" ", b"\r\n", b"\r\n\r\n", b"\n", b"\n\n", b"\r", b"\t", b":", b"\0", b"\x7f", b"\xff"),
    *(
        b"[",
        b"]",
        b"//",
        b"?",
        b"%",
        b"%00",
        b"%zz",
        b"..",
        b"#",
        b"@",
        b"\xe2\x80\xae",
        b"\x1b[31m",
    ),
    *(b"GET ", b"HEAD ", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"/b1", b"/api/v1/", b"http://"),
    *(b" HTTP/1.1", b" HTTP/1.0", b" HTTP/9.9", b"HTTP/1.1 200 OK\r\n\r\n", b"\x16\x03\x01"),
    *(b"Content-Length: ", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
    ),
    *(b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"Upgrade: websocket\r\n"),
    *(b"Authorization: Bearer \xff\r\n", b"Cookie: inspector-8787=.\r\n", b"Sec-Fetch-Site: x\r\n"),
    *(b"Content-Type: application/json; charset=\xff\r\n", b"Content-Encoding: gzip\r\n"),
    *(b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"-1", b"1e9", b"0x10", b"99999999999999999999"),
    *(b"a" * 70_000, b"X: y\r\n" * 1100, b"\r\n" * 500, b" " * 5000),
)


@st.composite
def mutated(draw: st.DrawFn, least: int = 0) -> bytes:
    """A whole request after some accidents."""
    request = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(least, 4))):
        begin = draw(st.integers(0, len(request)))
        end = draw(st.integers(begin, min(len(request), begin + 30)))
        planted = draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=8)))
        kind = draw(st.sampled_from(("plant", "replace", "double", "remove", "cut short")))
        if kind == "cut short":
            request = request[:begin]
        else:
            middle = {"plant": planted + request[begin:end], "replace": planted, "remove": b""}
            request = request[:begin] + middle.get(kind, request[begin:end] * 2) + request[end:]
    return request


MALFORMED = st.one_of(
    mutated(),
    st.lists(mutated(), min_size=2, max_size=5).map(b"".join),
    st.lists(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=20)), max_size=12).map(b"".join),
)


@st.composite
def cut(draw: st.DrawFn) -> list[bytes]:
    """Malformed bytes in pieces, cut anywhere."""
    data = draw(MALFORMED)
    places = draw(st.lists(st.integers(0, len(data)), max_size=6).map(sorted))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
