"""Run with ``python record_multipart.py > multipart.jsonl``; needs PHP's ``php-cgi``.

What PHP puts into ``$_POST`` for bodies made by hand, and for some of odd pieces at random.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Any

DUMP = """<?php
function list_files($field, $names, $errors) {
    foreach (is_array($names) ? $names : [] as $key => $name)
        yield from list_files($field . "[$key]", $name, $errors[$key]);
    if (!is_array($names))
        yield [$field, $names, $errors];
}
$files = [];
foreach ($_FILES as $field => $file)
    array_push($files, ...list_files($field, $file['name'], $file['error']));
$found = ['expected' => $_POST] + ($files ? ['files' => $files] : []);
echo json_encode($found, JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_SLASHES);
"""
USUAL_TYPE = "multipart/form-data; boundary=B"
RANDOM_BODIES = 300
END = b"--B--\r\n"


def ask_php(body: bytes, content_type: str, script: Path) -> Any:
    """``$_POST`` and, where there are any, each file's field, name and error; PHP's defaults."""
    environment = {
        "PATH": os.environ["PATH"],
        "REDIRECT_STATUS": "200",
        "SCRIPT_FILENAME": str(script),
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
    }
    command = ["php-cgi", "-n", "-q", "-d", "display_errors=0"]
    done = subprocess.run(command, input=body, capture_output=True, env=environment, check=True)
    return json.loads(done.stdout.decode().replace("\r", "").partition("\n\n")[2])


def join(*parts: tuple[bytes, bytes], line_end: bytes = b"\r\n", end: bytes = END) -> bytes:
    """A body of parts, each a head and its data."""
    pieces = [line_end.join((b"--B", head, b"", data, b"")) for head, data in parts]
    return b"".join(pieces) + end


def field(name: bytes, value: bytes, more: bytes = b"") -> tuple[bytes, bytes]:
    """A part whose ``name`` is written as it is given, quotes and all."""
    return b"Content-Disposition: form-data; name=" + name + more, value


def quoted(name: bytes, value: bytes = b"1", more: bytes = b"") -> tuple[bytes, bytes]:
    return field(b'"' + name + b'"', value, more)


LAST = quoted(b"last", b"2")
FILE = quoted(b"f", b"data", b'; filename="x.txt"')
HEAD = b"Content-Disposition: form-data"
MADE = {
    "fields with brackets": join(
        quoted(b"ticket[id]", b"5"), quoted(b"ticket[tags][]", b"a"), quoted(b"ticket[tags][]")
    ),
    "nothing is percent-decoded": join(quoted(b"a%5Bb%5D", b"x%20+y&z=1")),
    "spaces and dots in a name": join(quoted(b" a.b c")),
    "a name without quotes": join(field(b"ticket[id]", b"5")),
    "a name in single quotes": join(field(b"'a b'", b"5")),
    "a name without quotes ends at a space": join(field(b"a b", b"5")),
    "an escaped quote": join(field(rb'"a\"b"', b"5")),
    "an escaped backslash": join(field(rb'"a\\b"', b"5")),
    "another backslash stays": join(field(rb'"a\nb"', b"5")),
    "a quote as a browser escapes it stays": join(quoted(b"a%22b")),
    "a part without a name ends it all": join((HEAD, b"x"), LAST),
    "an empty name": join(quoted(b""), LAST),
    "a part without Content-Disposition": join((b"Content-Type: text/plain", b"x"), LAST),
    "a part without a head": join((b"", b"x"), LAST),
    "a file is no field": join(quoted(b"f[x]", b"data", b'; filename="x.txt"'), LAST),
    "a file without a name": join((HEAD + b'; filename="x.txt"', b"data"), LAST),
    "a file in a list": join(*[quoted(b"f[]", b"data", b'; filename="x"')] * 2, LAST),
    "a file deeper down": join(quoted(b"f[a][b c]", b"data", b'; filename="x"'), LAST),
    "a file's brackets do not match": join(quoted(b"f[a", b"data", b'; filename="x"'), LAST),
    "a file's brackets close twice": join(quoted(b"f[a]]", b"data", b'; filename="x"'), LAST),
    "text after a file's bracket": join(quoted(b"f[a]b", b"data", b'; filename="x"'), LAST),
    "a file's bracket in a bracket": join(quoted(b"f[a[b]]", b"data", b'; filename="x"'), LAST),
    "a file name with a path": join(quoted(b"f", b"data", b'; filename="a/b/x.txt"'), LAST),
    "a file name of Windows": join(quoted(b"f", b"data", rb'; filename="C:\a\x.txt"'), LAST),
    "a file name that ends in a slash": join(quoted(b"f", b"data", b'; filename="a/"'), LAST),
    "a slash, then a backslash": join(quoted(b"f", b"data", rb'; filename="a/b\c"'), LAST),
    "a backslash, then a slash": join(quoted(b"f", b"data", rb'; filename="a\b/c"'), LAST),
    "a file within MAX_FILE_SIZE": join(quoted(b"MAX_FILE_SIZE", b"4"), FILE, LAST),
    "a file beyond MAX_FILE_SIZE": join(quoted(b"MAX_FILE_SIZE", b"3"), FILE, LAST),
    "MAX_FILE_SIZE after its file": join(FILE, quoted(b"MAX_FILE_SIZE", b"3"), LAST),
    "MAX_FILE_SIZE in any case": join(quoted(b"max_file_size", b" +3x"), FILE, LAST),
    "MAX_FILE_SIZE of nothing": join(quoted(b"MAX_FILE_SIZE", b"x"), FILE, LAST),
    "MAX_FILE_SIZE of 0": join(quoted(b"MAX_FILE_SIZE", b"0"), FILE, LAST),
    "MAX_FILE_SIZE below 0": join(quoted(b"MAX_FILE_SIZE", b"-1"), FILE, LAST),
    "MAX_FILE_SIZE twice": join(
        quoted(b"MAX_FILE_SIZE", b"3"), quoted(b"MAX_FILE_SIZE", b"9"), FILE, LAST
    ),
    "MAX_FILE_SIZE beyond all numbers": join(quoted(b"MAX_FILE_SIZE", b"9" * 30), FILE, LAST),
    "MAX_FILE_SIZE in brackets": join(quoted(b"MAX_FILE_SIZE[]", b"3"), FILE, LAST),
    "more files than PHP takes": join(*[quoted(b"f[]", b"data", b'; filename="x"')] * 21, LAST),
    "files without a name count": join(*[quoted(b"f[]", b"", b'; filename=""')] * 21, FILE, LAST),
    "a file after one with bad brackets": join(
        quoted(b"f[", b"data", b'; filename="x"'), FILE, LAST
    ),
    "an empty file name with bad brackets": join(quoted(b"f[", b"", b'; filename=""'), FILE, LAST),
    "a boundary right after a file's head": join(FILE, LAST).replace(b"data\r\n", b""),
    "a boundary right after an empty file's": join(
        quoted(b"f", b"data", b'; filename=""'), LAST
    ).replace(b"data\r\n", b""),
    "a boundary right after a dropped file's head": join(
        quoted(b"f[", b"data", b'; filename="x"'), LAST
    ).replace(b"data\r\n", b""),
    "files too large count": join(
        quoted(b"MAX_FILE_SIZE", b"3"), *[FILE] * 20, quoted(b"g", b"x", b'; filename="x"'), LAST
    ),
    "an empty file": join(quoted(b"f", b"", b'; filename="x"'), LAST),
    "an empty file name is a file's": join(quoted(b"f", b"", b'; filename=""'), LAST),
    "filename* makes no file": join(quoted(b"f", b"data", b"; filename*=UTF-8''x.txt"), LAST),
    "name* is no name": join((HEAD + b"; name*=UTF-8''x%20y", b"1"), LAST),
    "any disposition": join((b'Content-Disposition: attachment; name="a"', b"1"), LAST),
    "in any case": join((b'CONTENT-disposition: FORM-DATA; NAME="a"', b"1"), LAST),
    "a NUL in a value": join(quoted(b"a", b"x\0y"), LAST),
    "a NUL in a name": join(quoted(b"a\0b"), LAST),
    "lines that end in LF": join(quoted(b"a"), LAST, line_end=b"\n", end=b"--B--\n"),
    "no end": join(quoted(b"a"), LAST, end=b""),
    "it breaks off in a value": b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nabc',
    "it breaks off in a boundary": join(quoted(b"a", b"abc"), end=b"--"),
    "it breaks off in a head": b'--B\r\nContent-Disposition: form-data; name="a"\r\n',
    "it breaks off in a line of a head": b'--B\r\nContent-Disposition: form-data; name="a"',
    "a preamble": b"hello\r\n" + join(quoted(b"a")),
    "parts after the end": join(quoted(b"a")) + join(LAST),
    "a line that begins like the boundary": join(quoted(b"a", b"x\r\n--Bfoo\r\ny"), LAST),
    "spaces after the boundary": join(quoted(b"a"), LAST).replace(b"--B\r\n", b"--B \r\n"),
    "a folded head": join((HEAD + b';\r\n name="a"', b"1"), LAST),
    "a name twice": join(quoted(b"a"), quoted(b"a", b"2")),
    "bytes that are not UTF-8": join(quoted(b"a", b"\xff"), quoted(b"\xfe")),
    "a quote that is never closed": join(field(b'"a', b"1"), LAST),
    "a semicolon in quotes": join(quoted(b"a;b"), LAST),
    "two names in one part": join(quoted(b"a", b"1", b'; name="c"'), LAST),
    "a name after the file name": join((HEAD + b'; filename="x"; name="a"', b"1"), LAST),
    "spaces around the equals sign": join((HEAD + b'; name = "a"', b"1"), LAST),
    "two equals signs": join(field(b"=a", b"1"), LAST),
    "no space after the semicolon": join((HEAD + b';name="a"', b"1"), LAST),
    "base64 is not undone": join(
        (HEAD + b'; name="a"\r\nContent-Transfer-Encoding: base64', b"eA")
    ),
    "a part's charset is not heeded": join(
        (HEAD + b'; name="a"\r\nContent-Type: text/plain; charset=latin1', b"\xe9")
    ),
    "line ends in a value stay": join(quoted(b"a", b" x \r\n\n"), LAST),
    "text after the quotes": join(field(b'"a"xyz', b"1"), LAST),
    "a bracket that is never closed": join(quoted(b"a[b")),
    "a space before the colon": join((b'Content-Disposition : form-data; name="a"', b"1"), LAST),
    "a line without a colon": join((b"garbage\r\n" + HEAD + b'; name="a"', b"1"), LAST),
    "two dispositions": join((HEAD + b'; name="a"\r\n' + HEAD + b'; name="c"', b"1"), LAST),
    "an empty value": join(quoted(b"a", b""), LAST),
    "a boundary right after the head": join(quoted(b"a"), LAST).replace(b"1\r\n", b""),
    "more fields than PHP reads": join(*(quoted(b"a%d" % number) for number in range(1002))),
    "more levels than PHP reads": join(quoted(b"a" + b"[b]" * 65), LAST),
    "more parts than PHP reads": join(
        *[quoted(b"f[]", b"", b'; filename=""')] * 1019, quoted(b"a"), LAST
    ),
}
CONTENT_TYPES = [
    *((b"B", "multipart/form-data" + more) for more in (
        '; boundary="B"', "; boundary=B; charset=utf-8", "; charset=utf-8; boundary=B", "",
        "; Boundary=B", ";boundary=B", ", boundary=B", " boundary=B", '; boundary ="B"',
        "; boundary=B,x", "; boundary=B ; x", "; boundary= B", '; boundary= "B"', '; boundary="B',
        '; boundary="B"x', '; boundary=B"', "; x-boundary=B", "; boundary=B; boundary=C",
        "; boundary=C; boundary=B", "; Boundary=C; boundary=B", "; boundary=", "; boundary",
        "; boundary='B'", "; boundary=b", '; a="x;boundary=C"; boundary=B',
    )),
    (b"B", "Multipart/Form-Data; boundary=B"),
    (b"B ", "multipart/form-data; boundary=B ; x"),
    (b" B", "multipart/form-data; boundary= B"),
    (b"B,x", "multipart/form-data; boundary=B,x"),
    (b"a;b", 'multipart/form-data; boundary="a;b"'),
    (b"a b", 'multipart/form-data; boundary="a b"'),
    (b"a=b", "multipart/form-data; boundary=a=b"),
    (b"a\\", 'multipart/form-data; boundary="a\\"b"'),
    (b"'B'", "multipart/form-data; boundary='B'"),
    (b"--B", "multipart/form-data; boundary=--B"),
    (b"", 'multipart/form-data; boundary=""'),
]  # fmt: skip
PIECES = [
    *(b'--B|--B--|\r\n|\r\n|\n|\r\n\r\n|content-disposition:| form-data|;|;;|; name=|name=|"|\'|'
      b'\\|\\\\|\\"|a|b[c]|[|]| |\t|=|:|filename|; filename="x"|%41|+|&|\0|.|\xff|x: y|-|\r').split(
        b"|"
    ),
    b'--B\r\nContent-Disposition: form-data; name="a[]"\r\n\r\n',
    HEAD + b'; name="a"\r\n\r\n',
]  # fmt: skip


def make_body(source: random.Random) -> bytes:
    body = b"--B\r\n" if source.random() < 0.8 else b""
    body += HEAD + b"; name=" if source.random() < 0.7 else b""
    body += b"".join(source.choice(PIECES) for _ in range(source.randint(1, 30)))
    return body + (b"\r\n--B--\r\n" if source.random() < 0.5 else b"")


def main() -> None:
    """Write a line of JSON for each case."""
    source = random.Random(1)
    cases = [*MADE.items()]
    cases += [(f"random {number}", make_body(source)) for number in range(RANDOM_BODIES)]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "dump.php"
        script.write_text(DUMP)
        for id_, body in cases:
            case = {"id": id_, "body_b64": b64encode(body).decode()}
            case |= ask_php(body, USUAL_TYPE, script)
            sys.stdout.write(json.dumps(case, ensure_ascii=False) + "\n")
        for boundary, content_type in CONTENT_TYPES:
            body = join(quoted(b"a")).replace(b"--B", b"--" + boundary)
            case = {"id": content_type + " of " + boundary.decode(), "content_type": content_type}
            case |= {"body_b64": b64encode(body).decode()} | ask_php(body, content_type, script)
            sys.stdout.write(json.dumps(case, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
