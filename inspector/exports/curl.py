"""A request as a curl command for bash or fish.

Source: curl's manual page; behaviour tried with curl 7.88.
"""

from __future__ import annotations

from inspector.exports.outgoing import Outgoing
from inspector.exports.shell import is_printable, quote_word, render_printf

# Linux takes no argument beyond 128 KiB (MAX_ARG_STRLEN); a pipe has no such limit.
MAX_WORD_BYTES = 100_000
# Above this curl asks "Expect: 100-continue" by itself.
_EXPECT_BYTES = 1_000_000
# What curl sends by itself unless it is told not to.
_DEFAULTS = (b"user-agent", b"accept")


def render_curl(outgoing: Outgoing) -> str:
    """One command, over several lines. Only curl runs, and sends what was captured.

    Some things no curl can send, and they differ: header lines without a name, NULs
    and line ends inside values, and what the URL could not hold unencoded.
    """
    options = [*_method_options(outgoing), *_header_options(outgoing)]
    pipe = ""
    if outgoing.body or outgoing.announced:
        piped = len(outgoing.body) > MAX_WORD_BYTES or not is_printable(outgoing.body)
        if piped:
            pipe = f"{render_printf(outgoing.body)} | "
            options.append("--data-binary @-")
        else:
            options.append(f"--data-raw {quote_word(outgoing.body)}")
    url = quote_word(outgoing.url.encode())
    return " \\\n  ".join([f"{pipe}curl --globoff --path-as-is {url}", *options]) + "\n"


def _method_options(outgoing: Outgoing) -> list[str]:
    options = ["--http1.0"] if outgoing.http_version == "1.0" else []
    has_data = bool(outgoing.body) or outgoing.announced
    if outgoing.method == b"HEAD" and not has_data:
        return [*options, "--head"]
    if outgoing.method == b"HEAD":
        # curl would wait for the body that an answer to HEAD announces and never sends.
        options.append("--max-time 5")
    if outgoing.method != (b"POST" if has_data else b"GET"):
        options.append(f"-X {quote_word(outgoing.method)}")
    return options


def _header_options(outgoing: Outgoing) -> list[str]:
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
    return [f"-H {quote_word(line)}" for line in lines]
