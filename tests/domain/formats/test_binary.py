"""MessagePack, CBOR and protobuf: examples of their specifications, and bytes that are none."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.formats.cbor import parse_cbor
from inspector.domain.formats.messagepack import parse_messagepack
from inspector.domain.formats.protobuf import parse_grpc, parse_protobuf
from inspector.domain.formats.values import MAX_DEPTH, ExcessError, FormatError, TypedText

MESSAGEPACK = [
    ("82 a7 63 6f 6d 70 61 63 74 c3 a6 73 63 68 65 6d 61 00", {"compact": True, "schema": 0}),
    ("93 01 ff c0", [1, -1, None]),
    ("cb 3f f8 00 00 00 00 00 00", 1.5),
    ("ca 7f 80 00 00", "inf"),
    ("cf ff ff ff ff ff ff ff ff", 2**64 - 1),
    ("d1 80 00", -32768),
    ("d9 02 c3 a9", "é"),
    ("c4 02 ff 00", "ff00"),
    ("c4 02 68 69", "hi"),
    ("81 01 a1 78", {"1": "x"}),
    ("d6 ff 53 b3 c9 1d", "2014-07-02T08:55:57Z"),
    ("d4 05 ff", "ff"),
    ("01 02", [1, 2]),
    ("dc 00 01 dd 00 00 00 00", [[]]),
]
# Source: RFC 8949, appendix A.
CBOR = [
    ("18 64", 100),
    ("3903e7", -1000),
    ("c249010000000000000000", 18446744073709551616),
    ("c349010000000000000000", -18446744073709551617),
    ("f93c00", 1.0),
    ("fb3ff199999999999a", 1.1),
    ("f97e00", "nan"),
    ("f7", "undefined"),
    ("c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"),
    ("c11a514b67b0", "2013-03-21T20:04:00Z"),
    ("d818456449455446", {"tag": 24, "value": "dIETF"}),
    ("4401020304", "01020304"),
    ("62c3bc", "ü"),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("5f42010243030405ff", "0102030405"),
    ("7f657374726561646d696e67ff", "streaming"),
    ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
    ("bf6346756ef563416d7421ff", {"Fun": True, "Amt": -2}),
    ("d9d9f7 a0", {}),
]
# Source: Protocol Buffers Documentation, "Encoding".
PROTOBUF = [
    ("08 96 01", {"1": 150}),
    ("12 07 74 65 73 74 69 6e 67", {"2": "testing"}),
    ("1a 03 08 96 01", {"3": {"1": 150}}),
    ("22 05 68 65 6c 6c 6f 28 01 28 02 28 03", {"4": "hello", "5": [1, 2, 3]}),
    ("08 fe ff ff ff ff ff ff ff ff 01", {"1": -2}),
    ("0d cd cc cc 3d", {"1": 0.1}),
    ("09 01 00 00 00 00 00 00 00", {"1": 1}),
    ("0b 10 05 0c", {"1": {"2": 5}}),
    ("0a 02 ff fe", {"1": "fffe"}),
    ("0a 00", {"1": ""}),
]
TABLES: list[tuple[Callable[[bytes], Any], str, Any]] = [
    *((parse_messagepack, *each) for each in MESSAGEPACK),
    *((parse_cbor, *each) for each in CBOR),
    *((parse_protobuf, *each) for each in PROTOBUF),
    (parse_grpc, "00 00000003 08 96 01", {"1": 150}),
    (parse_grpc, "00 00000002 08 01 00 00000002 08 02", [{"1": 1}, {"1": 2}]),
    (parse_grpc, "01 00000001 ff", {"compressed": "ff"}),
]


@pytest.mark.parametrize(("parse", "sent", "value"), TABLES, ids=[each[1] for each in TABLES])
def test_examples(parse: Callable[[bytes], Any], sent: str, value: Any) -> None:
    assert parse(bytes.fromhex(sent)) == value


def test_bytes_and_times_are_told_apart() -> None:
    value = parse_messagepack(bytes.fromhex("92 c4 02 ff 00 d6 ff 53 b3 c9 1d"))
    assert [isinstance(each, TypedText) and each.kind for each in value] == ["bytes", "time"]


HOSTILE: list[tuple[Callable[[bytes], Any], bytes, type[Exception]]] = [
    (parse_messagepack, b"\xdd\xff\xff\xff\xff", FormatError),
    (parse_messagepack, b"\xdf\xff\xff\xff\xff", FormatError),
    (parse_messagepack, b"\xdb\xff\xff\xff\xff", FormatError),
    (parse_messagepack, b"\xc1", FormatError),
    (parse_messagepack, b"\x91" * (MAX_DEPTH + 1) + b"\xc0", ExcessError),
    (parse_messagepack, b"\xc0" * 100_001, ExcessError),
    (parse_cbor, b"\x9b" + b"\xff" * 8, FormatError),
    (parse_cbor, b"\x5b" + b"\xff" * 8, FormatError),
    (parse_cbor, b"\x81" * (MAX_DEPTH + 1) + b"\xf6", ExcessError),
    (parse_cbor, b"\xc1" * (MAX_DEPTH + 1) + b"\xf6", ExcessError),
    (parse_cbor, b"\x9f" * 5000, ExcessError),
    (parse_cbor, b"\xff", FormatError),
    (parse_cbor, b"\x7f\x41", FormatError),
    (parse_protobuf, b"\x0a" + b"\xff" * 11, FormatError),
    (parse_protobuf, b"\x00", FormatError),
    (parse_protobuf, b"\x0b" * (MAX_DEPTH + 1), ExcessError),
    (parse_protobuf, b"\x08\x01" * 100_001, ExcessError),
    (parse_grpc, b"\x00" + b"\xff" * 4, FormatError),
]


@pytest.mark.parametrize(("parse", "data", "error"), HOSTILE)
def test_hostile_bytes_are_refused(
    parse: Callable[[bytes], Any], data: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        parse(data)


def test_messages_in_messages_end_as_bytes_and_cost_no_more() -> None:
    data = b"\x08\x01"
    for _ in range(90):
        data = b"\x0a" + _varint(len(data)) + data
    value: Any = parse_protobuf(data)
    depth = 0
    while isinstance(value, dict):
        value, depth = value["1"], depth + 1
    assert depth == 31
    assert value.kind == "bytes"


def _varint(number: int) -> bytes:
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


@pytest.mark.parametrize("parse", [parse_messagepack, parse_cbor, parse_protobuf, parse_grpc])
@given(st.binary(max_size=80))
def test_no_bytes_break_a_reader(parse: Callable[[bytes], Any], data: bytes) -> None:
    with contextlib.suppress(FormatError):
        parse(data)


def test_a_whole_number_beyond_the_calendar_is_no_time() -> None:
    data = b"\xc7\x0c\xff" + struct.pack(">Iq", 0, 2**62)
    assert parse_messagepack(data) == str(float(2**62))
