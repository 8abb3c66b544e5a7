"""The frame of an HTML file that is handed over: its policy, its style, and text made safe.

The file must load nothing and run nothing, whatever was captured: every text is escaped, the
policy in its head allows its one style and nothing else, and no address in it is a link.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape

from inspector.reading.text import escape_invisible

HTML = "text/html; charset=utf-8"

_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#ddd, #333);
  --muted: light-dark(#5c6069, #a0a4ad); }
body { max-width: 75rem; margin: 0 auto; padding: 1rem; font: 15px/1.5 system-ui, sans-serif;
  color: light-dark(#1d1f23, #e8e8e4); background: light-dark(#fff, #16181b);
  overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 0; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .25rem 0; }
.muted { color: var(--muted); }
.bad { color: light-dark(#b3261e, #ff9d94); }
code, pre, td, dd, summary { unicode-bidi: isolate; }
code, pre, td { font-family: ui-monospace, Consolas, monospace; font-size: 13px;
  white-space: pre-wrap; }
pre { padding: .5rem; border: 1px solid var(--line); border-radius: .3rem; max-height: 30rem;
  overflow: auto; }
.request { border-top: 2px solid var(--line); padding: .75rem 0; margin-top: .75rem; }
summary { cursor: pointer; }
.request > summary { font-weight: 600; }
ul { list-style: none; margin: 0; padding-left: 1.1rem; border-left: 1px solid var(--line); }
li { display: grid; grid-template-columns: minmax(6rem, 14rem) minmax(0, 1fr); gap: 1rem; }
li:has(> details) { display: block; }
li > div { max-height: 12rem; overflow: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .2rem .75rem .2rem 0; }
tr { border-top: 1px solid var(--line); }
th { width: 14rem; font-weight: 400; color: var(--muted); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
  gap: .5rem 1rem; margin: .5rem 0; }
dt { font-size: 12px; color: var(--muted); }
dd { margin: 0; }
del { text-decoration: none; background: light-dark(#fdeceb, #3a1f1e); }
ins { text-decoration: none; background: light-dark(#e3f4e7, #17311f); }
@media (max-width: 36rem) {
  dl { grid-template-columns: minmax(0, 1fr); gap: .125rem; }
  dl > div { display: grid; grid-template-columns: 6rem minmax(0, 1fr); align-items: baseline; }
  thead { display: none; }
  tr, li { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0; padding: .25rem 0; }
  th, td { width: auto; padding: 0; }
  ul { padding-left: .6rem; }
}
@media print { pre, li > div { max-height: none; } }
"""
_BREAKS = re.compile(r"([\n\t])")
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'"
)


def begin_document(title: str, about: str) -> str:
    """The beginning of the file; ``about`` is a sentence below the title."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{show(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{show(title)}</h1>\n<p class="muted">{show(about)}</p>\n'
    )


END = "</main>\n</body>\n</html>\n"


def show(text: str) -> str:
    """A text as markup; characters that cannot be seen or turn lines around by their escapes."""
    return "".join(
        each if each in {"\n", "\t"} else escape(escape_invisible(each))
        for each in _BREAKS.split(text)
    )


def show_bounded(text: str, max_chars: int) -> str:
    """The beginning of a text as markup, with how much of it is missing."""
    if len(text) <= max_chars:
        return show(text)
    left = f'<span class="muted">… {len(text) - max_chars:,} more characters</span>'
    return f"{show(text[:max_chars])} {left}"


def show_table(rows: list[tuple[str, str]]) -> str:
    """Names and values, which are markup already."""
    lines = (f'<tr><th scope="row">{name}</th><td>{value}</td></tr>\n' for name, value in rows)
    return f"<table>\n{''.join(lines)}</table>\n"
