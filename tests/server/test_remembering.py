"""What is remembered of senders' heads is bounded, in number and in size."""

from inspector.server.remembering import MAX_KEPT_BYTES, remember_short


def test_only_short_bytes_are_remembered_and_only_the_last() -> None:
    read: list[bytes] = []

    @remember_short(2)
    def read_length(data: bytes) -> int:
        read.append(data)
        return len(data)

    long = b"x" * (MAX_KEPT_BYTES + 1)
    assert [read_length(data) for data in (long, long, b"a", b"a", b"b", b"c", b"a")] == [
        *(len(long), len(long)),
        *(1, 1, 1, 1, 1),
    ]
    assert read == [long, long, b"a", b"b", b"c", b"a"]
    assert read_length.__name__ == "read_length"
