"""A request as a curl command: for bash and zsh, and for API clients that import one; for fish.

Source: curl's manual page; behaviour tried with curl 7.88.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from inspector.domain.messages import FORM_TYPE
from inspector.exports.outgoing import Outgoing
from inspector.exports.shell import is_printable, quote_ansi, quote_word, render_printf

# Linux takes no argument beyond 128 KiB (MAX_ARG_STRLEN); a pipe has no such limit.
MAX_WORD_BYTES = 100_000
# Above this curl asks "Expect: 100-continue" by itself.
_EXPECT_BYTES = 1_000_000
# Headers that curl sends by itself unless it is told not to.
_DEFAULTS = (b"user-agent", b"accept")


_Quote = Callable[[bytes], str]


def render_curl(outgoing: Outgoing, *, file: str = "") -> str:
    """One command, over several lines. Only curl runs, and sends what was captured.

    Postman and Insomnia import it, unless the body is piped into it: one that is no text or
    has more than ``MAX_WORD_BYTES``. With ``file`` the body is read from a file of that name:
    they import the rest of the line, and the file is given to them by hand.
    """
    if file and outgoing.body:
        return _render(outgoing, quote_ansi, f"--data-binary {quote_ansi(b'@' + file.encode())}")
    if needs_file(outgoing.body):
        return _render(outgoing, quote_ansi, None)
    # API clients take what has no type for a form, but for --data-binary, where @ is a file's.
    is_typed = outgoing.has_header(b"content-type") or not outgoing.body or b"@" in outgoing.body
    option = "--data-raw" if is_typed else "--data-binary"
    return _render(outgoing, quote_ansi, f"{option} {quote_ansi(outgoing.body)}")


def render_curl_for_insomnia(outgoing: Outgoing) -> str:
    """The command with a form's spaces as ``%20``, which Insomnia reads where it keeps ``+``.

    The same fields in other bytes, so a signature of the body does not hold for it.
    """
    if has_plus(outgoing):
        outgoing = replace(outgoing, body=outgoing.body.replace(b"+", b"%20"))
    return render_curl(outgoing)


def has_plus(outgoing: Outgoing) -> bool:
    """True for a form in which a space is a ``+``."""
    types = [value for name, value in outgoing.headers if name.lower() == b"content-type"]
    is_form = [each.split(b";")[0].strip().lower() for each in types] == [FORM_TYPE.encode()]
    return is_form and b"+" in outgoing.body


def render_curl_for_fish(outgoing: Outgoing) -> str:
    """A curl command for fish, which has no ``$'...'``; bash takes it too.

    Some things no curl command can send as they were: header lines without a name, NULs and
    line ends inside values, and characters that a URL must encode.
    """
    if len(outgoing.body) > MAX_WORD_BYTES or not is_printable(outgoing.body):
        return _render(outgoing, quote_word, None)
    return _render(outgoing, quote_word, f"--data-raw {quote_word(outgoing.body)}")


def needs_file(body: bytes) -> bool:
    """True when no API client imports a line with the body in it: it is no text, or too long."""
    return len(body) > MAX_WORD_BYTES or not is_text(body)


def is_text(body: bytes) -> bool:
    """True when a shell can be given the body as a word."""
    try:
        return "\0" not in body.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _render(outgoing: Outgoing, quote: _Quote, data: str | None) -> str:
    """``data`` is the option that gives the body; without it the body comes by a pipe."""
    options = [*_method_options(outgoing, quote), *_header_options(outgoing, quote)]
    pipe = ""
    if outgoing.body or outgoing.announced:
        if data is None:
            pipe = f"{render_printf(outgoing.body)} | "
        options.append(data or "--data-binary @-")
    url = quote(outgoing.url.encode())
    return " \\\n  ".join([f"{pipe}curl --globoff --path-as-is {url}", *options]) + "\n"


def _method_options(outgoing: Outgoing, quote: _Quote) -> list[str]:
    options = ["--http1.0"] if outgoing.http_version == "1.0" else []
    has_data = bool(outgoing.body) or outgoing.announced
    if outgoing.method == b"HEAD" and not has_data:
        return [*options, "--head", "-X HEAD"]
    if outgoing.method == b"HEAD":
        # curl would wait for the body that an answer to HEAD announces and never sends.
        options.append("--max-time 5")
    # API clients take what has data for a POST, but not where the data is empty.
    if outgoing.method != (b"POST" if outgoing.body else b"GET"):
        options.append(f"-X {quote(outgoing.method)}")
    return options


def _header_options(outgoing: Outgoing, quote: _Quote) -> list[str]:
    lines = [
        # "Name:" alone would tell curl to leave its own header out; "Name;" sends an empty one.
        name + b": " + value if value else name + b";"
        for name, value in outgoing.headers
    ]
    unwanted = [name for name in _DEFAULTS if not outgoing.has_header(name)]
    if (outgoing.body or outgoing.announced) and not outgoing.has_header(b"content-type"):
        unwanted.append(b"content-type")
    if len(outgoing.body) > _EXPECT_BYTES and not outgoing.has_header(b"expect"):
        unwanted.append(b"expect")
    lines += [name.title() + b":" for name in unwanted]
    return [f"-H {quote(line)}" for line in lines]
