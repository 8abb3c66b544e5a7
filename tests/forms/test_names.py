from concurrent.futures import ThreadPoolExecutor

from inspector.forms import parse
from inspector.forms.php.names import CACHE, NameCache, read_name
from inspector.forms.text import decode_text


def test_a_name_is_understood_once() -> None:
    cache = NameCache()
    assert cache.read("a%5Bb%5D") is cache.names["a%5Bb%5D"]


def test_names_that_begin_alike_share_their_key_path() -> None:
    cache = NameCache()
    key_paths = {cache.read(name)[1] for name in ("a[b][c]", "a%5Bb%5D%5Bd_1%5D", "a[b][7]")}
    assert [key_path.parents for key_path in key_paths] == [("a", "b")]


def test_a_shared_key_path_is_the_one_the_name_would_have_alone() -> None:
    names = (
        "a a] a[b a[b] a[b[c] a[b[d] a[b]c a[b]d a[] a[c] a.x[b] a.x[c] a[b][c a[b][__Host-x] a[c]d"
    )
    names += (
        " a[b][\xe9] a[b][%C3%A9] a[b][c-d] a[b][ ] a[b][x]] a][b] a][c] [a] [b] a[b]%00 a[b][%00]"
    )
    cache = NameCache()
    for name in names.split():
        key, key_path = cache.read(name)
        alone_key, alone = read_name(decode_text(name))
        assert (key, key_path.parents, key_path.levels, key_path.outcome, key_path.notes) == (
            alone_key, alone.parents, alone.levels, alone.outcome, alone.notes,
        )  # fmt: skip


def test_the_cache_never_holds_more_than_its_limit() -> None:
    cache = NameCache(max_names=3)
    for number in range(20):
        cache.read(f"a{number}[b]")
        assert len(cache.names) <= 3
        assert len(cache._key_paths) <= 3


def test_long_names_are_not_kept() -> None:
    cache = NameCache(max_chars=8)
    assert cache.read("a[234567]")[0] == "234567"
    assert cache.names == {}
    cache.read("a[23456]")
    assert list(cache.names) == ["a[23456]"]


def test_hostile_names_leave_the_process_s_cache_bounded() -> None:
    CACHE.clear()
    names = b"&".join(b"n%d[x]" % n for n in range(3 * CACHE.max_names))
    _ = parse(names, max_variables=10**6).value
    _ = parse(b"x" * (CACHE.max_chars + 1)).value
    assert 0 < len(CACHE.names) <= CACHE.max_names
    assert max(map(len, CACHE.names)) <= CACHE.max_chars


def test_threads_that_empty_each_other_s_cache_read_right() -> None:
    def read(thread: int) -> bool:
        rounds = range(0, 1200, 400)
        return all(
            parse(
                b"&".join(b"t%d_%d[a][b]=1" % (thread, n) for n in range(start, start + 400))
            ).value
            == {f"t{thread}_{n}": {"a": {"b": "1"}} for n in range(start, start + 400)}
            for start in rounds
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(4)))
