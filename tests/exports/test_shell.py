"""Words are what they were, in real shells, and start nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.exports.shell import quote_ansi, quote_word, render_printf
from tests.exports.shells import SHELLS, Sandbox

STRAY = b": > stray"
HOSTILE = [
    b"",
    b"-",
    b"--output",
    b"@/etc/passwd",
    b"~",
    b"*",
    b"a b  c",
    b"it's",
    b"'",
    b"''",
    b"\\",
    b"\\\\",
    b"\\'",
    b"'\\",
    b"\\n",
    b'"',
    b"%s%n%%",
    b"!",
    b"!!",
    b"!$ !-1 ^a^b",
    b"$HOME ${HOME} $PATH",
    b"$(" + STRAY + b")",
    b"(" + STRAY + b")",
    b"`" + STRAY + b"`",
    b"; " + STRAY,
    b"' ; " + STRAY + b" ; '",
    b'" ; ' + STRAY + b' ; "',
    b"\\' ; " + STRAY + b" #",
    b"a\n" + STRAY + b"\nb",
    b"'\n" + STRAY + b"\n'",
    b"'$(" + STRAY + b")\x01'",
    b'"$(' + STRAY + b')\x01"',
    b"!'\x01$(" + STRAY + b")",
    b"a\r" + STRAY + b"\rb",
    b"& " + STRAY + b" & | " + STRAY,
    b"{a,b} [a-z] <(" + STRAY + b")",
    b"\t\tx",
    b"\x03\x04\x1a\x1b[201~\x7f" + STRAY,
    b"\x1b]0;title\x07",
    "Jürgen ☃ 𝄞".encode(),
    "a\u202eb\u200bc\ufeffd\u00a0e".encode(),
    b"J\xfcrgen",
    b"\xff\xfe\x80",
    b"\xed\xa0\x80",
    bytes(range(1, 256)),
    b"1\x0123",
    b"x" * 100_000,
]

# What prose is made of besides what is printable: API clients read it only as it is.
LETTERS = "\u00a0\u202f\u3000\u00ad\u200b\u200d\ufeff"
PROSE = [f"12{letter}x{end}".encode() for letter in LETTERS for end in ("", "\n")]


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path, "curl")


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_words_arrive_as_they_are(sandbox: Sandbox, shell: str, locale: str) -> None:
    words = [quote_word(each) for each in HOSTILE]
    (run,) = sandbox.paste(shell, f"curl {' '.join(words)}\n", locale)
    assert run.arguments == HOSTILE
    assert sandbox.list_strays() == []


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_hostile_words_arrive_in_ansi_quotes_too(sandbox: Sandbox, locale: str) -> None:
    given = [*HOSTILE, b"line\n", b"\n", "\u0085\U000e0001".encode(), rb"\u00e9\n", *PROSE]
    words = [quote_ansi(each) for each in given]
    assert {each for each in "".join(words) if not each.isprintable()} == set(LETTERS)
    assert all(each.decode().strip() in "".join(words) for each in PROSE)
    (run,) = sandbox.paste("bash", f"curl {' '.join(words)}\n", locale)
    assert run.arguments == given
    assert sandbox.list_strays() == []


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_bytes_come_through_a_pipe(sandbox: Sandbox, shell: str) -> None:
    for each in [*HOSTILE, b"\0", b"a\0b\n\n", b"\n", bytes(range(256)), b"-n\n", b"--\n"]:
        (run,) = sandbox.paste(shell, f"{render_printf(each)} | curl x\n")
        assert run.piped == each
    assert sandbox.list_strays() == []


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_happens_while_it_is_typed(sandbox: Sandbox, shell: str) -> None:
    typed = [each for each in HOSTILE if len(each) < 1000]
    words = " ".join(map(quote_word, typed))
    piped = b"".join(typed)
    runs = sandbox.type(shell, f"{render_printf(piped)} | curl \\\n  {words}\n")
    assert [run.arguments for run in runs] == [typed]
    assert runs[0].piped == piped
    assert sandbox.list_strays() == []


@pytest.mark.parametrize("each", [b"a\0b", b"a\n", b"\n"])
def test_what_no_argument_can_hold_is_refused(each: bytes) -> None:
    with pytest.raises(ValueError, match="no shell"):
        quote_word(each)


WORDS = st.lists(st.binary(max_size=60).filter(lambda word: b"\0" not in word), max_size=40).map(
    lambda words: [word.rstrip(b"\n") for word in words]
)


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=15)
@given(words=WORDS, piped=st.binary(max_size=300))
def test_any_bytes_arrive_as_they_are(shell: str, words: list[bytes], piped: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder), "curl")
        quoted = " ".join(["curl", *map(quote_word, words)])
        (run,) = sandbox.paste(shell, f"{render_printf(piped)} | {quoted}\n")
        assert run.arguments == words
        assert run.piped == piped
        assert sandbox.list_strays() == []


@given(st.binary(max_size=200))
def test_nothing_unprintable_is_pasted(data: bytes) -> None:
    word = data.replace(b"\0", b"").rstrip(b"\n")
    assert quote_word(word).isprintable()
    assert render_printf(data).isprintable()
