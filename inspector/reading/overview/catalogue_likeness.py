"""Requests that are like the last one of their layout, byte for byte but for some values.

The texts of such a request are the last one's, with those few in their places that differ: neither
its head nor its form is read. What says so are bytes alone: the same header lines and pairs, each
with the same name in front of another value. All else is left to those who read requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from operator import ne

from inspector.domain import CapturedRequest
from inspector.domain.content import decode_text
from inspector.domain.messages import FORM_TYPE
from inspector.forms.php.values import decode_values
from inspector.forms.text import to_transit

# They decide how a body is read, so they stay as they are.
_DECIDING = frozenset({"content-type", "content-encoding"})
_CHARSET_PAIRS = (b"charset=", b"_charset_=")

Cut = tuple[list[bytes], list[bytes]]


def cut(request: CapturedRequest) -> Cut:
    """The lines of a request's head and the pairs of its body, as sent."""
    return request.raw_head.split(b"\r\n"), request.body.split(b"&")


class Likeness:
    """The last request of a layout: its ``lines``, its ``pieces`` and its ``texts``.

    ``value_places`` are the places of the form's values among the texts, in wire order, and
    ``header_places`` those of the headers; None for what does not count.
    """

    def __init__(
        self,
        request: CapturedRequest,
        texts: Sequence[str],
        value_places: Sequence[int | None],
        header_places: Sequence[int | None],
    ) -> None:
        self._lines, self._pieces = cut(request)
        self._texts = texts
        self._query = request.raw_query
        self._limits = request.limits
        self._starts = [b"%s=" % piece.partition(b"=")[0] for piece in self._pieces]
        self._value_places = value_places
        self._header_places = header_places
        # The beginnings of header lines, None for those that decide.
        self._names: list[bytes | None] = []
        for line in self._lines[1:-1]:
            name, colon, _ = line.partition(b":")
            decides = decode_text(name).lower() in _DECIDING or not colon
            self._names.append(None if decides else name + colon)

    def read(self, request: CapturedRequest, parts: Cut) -> Sequence[str] | None:
        """The texts of the next request, which was ``cut``; None where it is not like the last."""
        lines, pieces = parts
        if request.truncated or request.limits != self._limits or b"\0" in request.body:
            return None
        texts = [*self._texts]
        if self._read_lines(request, lines, texts) and self._read_pieces(pieces, texts):
            self._lines, self._pieces, self._texts = lines, pieces, texts
            return texts
        return None

    def _read_lines(self, request: CapturedRequest, lines: list[bytes], texts: list[str]) -> bool:
        for place in compress(range(len(lines)), map(ne, self._lines, lines)):
            line = lines[place]
            if b"\n" in line or place == len(lines) - 1:
                return False
            if place == 0:
                if request.raw_query != self._query:
                    return False
                continue
            name = self._names[place - 1]
            if name is None or not line.startswith(name):
                return False
            target = self._header_places[place - 1]
            if target is not None:
                texts[target] = decode_text(line[len(name) :].strip(b" \t\r\n"))
        return True

    def _read_pieces(self, pieces: list[bytes], texts: list[str]) -> bool:
        differ = [*map(ne, self._pieces, pieces)]
        changed, starts = [*compress(pieces, differ)], compress(self._starts, differ)
        sent = []
        for piece, start in zip(changed, starts, strict=True):
            if not piece.startswith(start):
                return False
            sent.append(piece[len(start) :])
        values = decode_values(to_transit(b"&".join(sent)).split("&") if sent else ())
        for target, value in zip(compress(self._value_places, differ), values, strict=True):
            if target is not None:
                texts[target] = value
        return True


def is_plain(request: CapturedRequest) -> bool:
    """True for a form in one piece, of which bytes alone tell whether another is like it."""
    lines, pieces = cut(request)
    head, body = request.raw_head, request.body
    return (
        request.media_type.essence == FORM_TYPE
        and request.decoded_body is body
        and not request.truncated
        # A body is taken for another type by its first sign.
        and (body[:1].isalnum() or body[:1] == b"_")
        and all(b"=" in piece and not piece.startswith(_CHARSET_PAIRS) for piece in pieces)
        # Each line is a header, none of them in two lines.
        and head.count(b"\n") == len(lines) - 1 == len(request.raw_headers) + 1
        and lines[-1] == b""
    )
