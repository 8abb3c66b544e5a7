"""Forms of a known shape are read exactly as the careful pass reads them."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.forms import parse
from inspector.forms.losses import find_losses
from inspector.forms.options import ReadOptions, make_options
from inspector.forms.php.shapes import MAX_LAST, MAX_LAST_BYTES, SHAPES, ShapeCache, ShapedForm
from inspector.forms.php.trace import trace
from tests.forms.test_parser import BODIES
from tests.forms.test_recorded import CASES, get_body

USUAL = make_options(1000, 64, None)
VALUES = st.binary(max_size=6) | st.sampled_from(
    [b"%00", b"\xff", b"%C3", b"%", b"=", b"+", b"%26"]
)


def recall(
    body: bytes, options: ReadOptions = USUAL, cache: ShapeCache | None = None
) -> ShapedForm | None:
    """The form as the second of its shape."""
    cache = cache or ShapeCache()
    assert cache.recall(body, options) is None
    return cache.recall(body, options)


def check(body: bytes, form: ShapedForm | None, options: ReadOptions = USUAL) -> bool:
    """Hold a form of known shape to the careful pass; False when there is none."""
    if form is None:
        return False
    expected = trace(body, options)
    assert json.dumps(form.make_value()) == json.dumps(expected.value)
    assert list(form.iterate_fields()) == [(pair.name, pair.value) for pair in expected.pairs]
    if form.notes is None:
        assert "not_decodable" in {note.code for note in expected.notes}
    else:
        assert form.notes == expected.notes
        assert form.make_trace(body) == expected
    check_losses(body, form, options)
    return True


def check_losses(body: bytes, shaped: ShapedForm, options: ReadOptions) -> None:
    """What is lost of a form of known shape is what is lost of it without one."""
    known, careful = (
        parse(body, max_variables=options.max_variables, max_depth=options.max_depth)
        for _ in range(2)
    )
    known.shaped, careful.shaped = shaped, None
    losses = find_losses(careful)
    assert find_losses(known) == losses
    assert not (shaped.shape.is_whole and losses.count)


def test_recorded_forms_have_the_same_value_pairs_and_notes() -> None:
    known = [check(get_body(case), recall(get_body(case))) for case in CASES]
    assert sum(known) > 250


@given(BODIES | st.binary(), st.integers(1, 5), st.integers(1, 3))
def test_any_body_of_a_known_shape_is_read_as_the_careful_pass_does(
    body: bytes, max_variables: int, max_depth: int
) -> None:
    options = make_options(max_variables, max_depth, None)
    check(body, recall(body, options), options)


@given(BODIES, st.lists(VALUES, min_size=1, max_size=40))
def test_other_values_of_the_same_names_are_read_as_the_careful_pass_does(
    body: bytes, values: list[bytes]
) -> None:
    cache = ShapeCache()
    recall(body, cache=cache)
    names = [piece.partition(b"=")[0] for piece in body.split(b"&") if piece]
    if len(names) == 0 or b"\0" in body:
        return
    other = b"&".join(
        name + b"=" + values[index % len(values)].replace(b"&", b"").replace(b"\0", b"")
        for index, name in enumerate(names)
    )
    check(other, cache.recall(other, USUAL))


PIECES = st.sampled_from(
    [
        *(b"a=1", b"a=2", b"a=", b"a", b"a=%00", b"a=%26", b"a=\xff", b"a==", b"a+=1", b"a=+"),
        *(b"b[]=1", b"b[]=2", b"b%5B%5D=1", b"=1", b"=", b"b[]", b"a=&a=1"),
    ]
)


@given(st.lists(st.lists(PIECES, min_size=2, max_size=3).map(b"&".join), max_size=30))
def test_a_form_like_the_last_one_is_read_as_the_careful_pass_does(bodies: list[bytes]) -> None:
    cache = ShapeCache()
    known = [check(body, cache.recall(body, USUAL)) for body in bodies]
    assert sum(known) >= len(bodies) - 2 * len({*bodies})


def test_only_pairs_that_differ_from_the_last_form_s_are_read_again() -> None:
    cache = ShapeCache()
    forms = [cache.recall(b"a=first+one&b=%d" % number, USUAL) for number in range(4)]
    assert forms[0] is None
    values = [form.values for form in forms[1:] if form is not None]
    assert [[*each] for each in values] == [["first one", str(number)] for number in (1, 2, 3)]
    assert values[1][0] is values[0][0]
    assert values[2][0] is values[0][0]


def test_few_last_forms_are_kept_and_no_large_one() -> None:
    cache = ShapeCache()
    for count in range(1, 3 * MAX_LAST):
        for _ in range(2):
            cache.recall(b"&".join([b"a[]=1"] * count), USUAL)
    assert 0 < len(cache._last) <= MAX_LAST
    cache.clear()
    for _ in range(3):
        large = cache.recall(b"a=" + b"x" * MAX_LAST_BYTES, USUAL)
    assert large is not None
    assert not cache._last


@pytest.mark.parametrize("body", [b"", b"&", b"a=1\0&b=2", b"a%FF=1", b"a=1&a=2&a=3&a=4"])
def test_odd_forms_have_no_shape(body: bytes) -> None:
    cache, options = ShapeCache(), make_options(3, 64, None)
    assert [cache.recall(body, options) for _ in range(3)] == [None] * 3


@pytest.mark.parametrize("label", ["latin-1", "klingon"])
def test_forms_in_other_charsets_have_no_shape(label: str) -> None:
    assert recall(b"a=1", make_options(1000, 64, label)) is None


@pytest.mark.parametrize(
    ("body", "is_whole"),
    [
        (b"a[b]=1&a[]=2&c", True),
        (b"a%5Bb%5d=1&&c=x%5B", True),
        (b"a.b=1&c=2", False),
        (b"a=1&c=2&a=3", False),
        (b"a[b=1", False),
        (b"+a=1", False),
        (b"=1&c=2", False),
        (b"a=1&a[b]=2", False),
    ],
)
def test_a_shape_knows_whether_all_of_it_is_read_as_sent(body: bytes, is_whole: bool) -> None:
    form = recall(body)
    assert form is not None
    assert form.shape.is_whole is is_whole


def test_a_value_is_made_anew_for_each_form() -> None:
    form = recall(b"a[b]=1&a[]=2&c=3")
    assert form is not None
    first, second = form.make_value(), form.make_value()
    assert first == second
    assert first is not second
    assert first["a"] is not second["a"]


def test_a_limit_on_depth_has_shapes_of_its_own() -> None:
    cache, body = ShapeCache(), b"a[b][c]=1"
    deep, flat = make_options(1000, 64, None), make_options(1000, 1, None)
    for options in (deep, flat) * 2:
        cache.recall(body, options)
    assert check(body, cache.recall(body, deep), deep)
    assert check(body, cache.recall(body, flat), flat)


def test_shapes_of_strangers_take_bounded_memory() -> None:
    cache = ShapeCache(max_names=10)
    for number in range(50):
        recall(b"&".join(b"a%d_%d=x" % (number, each) for each in range(4)), cache=cache)
        assert sum(len(shape.names) for shape in cache._shapes.values()) <= 10
    assert recall(b"&".join(b"a%d=x" % each for each in range(11)), cache=cache) is None
    assert recall(b"x" * 70_000 + b"=1", cache=cache) is None
    for number in range(5000):
        cache.recall(b"once%d=x" % number, USUAL)
    assert len(cache._met) <= 4096


def test_threads_that_empty_each_other_s_shapes_read_right() -> None:
    def read(thread: int) -> bool:
        for number in range(300):
            if number % 7 == thread:
                SHAPES.clear()
            form = parse(b"a[%d]=%d&b=%d" % (number % 3, number, thread))
            assert form.value["b"] == str(thread)
            assert [pair.value for pair in form.pairs] == [str(number), str(thread)]
            assert form.notes == ()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(4)))


def test_a_form_of_a_known_shape_with_odd_bytes_has_their_notes() -> None:
    for value in (b"x", b"y", b"%FF"):
        form = parse(b"shape_with_odd_bytes[a]=" + value)
    assert form.value == {"shape_with_odd_bytes": {"a": "\udcff"}}
    assert [note.code for note in form.notes] == ["not_decodable"]
    assert form.pairs[0].raw_value == b"%FF"
