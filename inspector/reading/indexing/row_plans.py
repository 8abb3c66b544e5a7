"""Plans of requests with the same names: where each of their texts is, without a walk.

A webhook sends the same names again and again. Names alone decide which fields a form has and
in which order a walk over them comes by (``fields.iterate_fields``), so for known names the
texts are picked from where they are. Texts with values inside are left to the walk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from inspector.domain import CapturedRequest
from inspector.domain.summaries import LISTED_BODY_BYTES
from inspector.forms.php.shapes import Shape, ShapedForm
from inspector.reading.fields import BODY, HEADER, QUERY, TRANSPORT, by_nothing, iterate_values
from inspector.reading.paths import Path

MAX_QUERY_BYTES = 1_000

FieldKey: TypeAlias = tuple[str, Path]
Signature: TypeAlias = "tuple[int, bytes, tuple[str, ...]]"


@dataclass(frozen=True, slots=True)
class RowPlan:
    """The positions of fields in requests with the same names.

    ``keys`` are the fields in the order of the walk, the first ``in_body`` the body's. ``order``
    are the positions of the form's values, ``query`` the query's texts, and ``headers`` the
    places of those that count. ``nested`` is the form with positions as its values. The shape is
    kept, so that no other has its identity.
    """

    shape: Shape
    keys: tuple[FieldKey, ...]
    order: tuple[int, ...]
    query: tuple[str, ...]
    headers: tuple[int, ...]
    nested: dict[str, object]

    @property
    def in_body(self) -> int:
        return len(self.order)

    def list_texts(self, request: CapturedRequest, shaped: ShapedForm) -> list[str]:
        """The texts of a request of this plan, in the order of ``keys``."""
        values, headers = shaped.values, request.raw_headers
        texts = [values[each] for each in self.order]
        texts += self.query
        texts += [headers[each][1] for each in self.headers]
        return texts


def find_shaped(request: CapturedRequest) -> ShapedForm | None:
    """The form that decides where a request's texts are; None for one that has none."""
    if len(request.body) > LISTED_BODY_BYTES or len(request.raw_query) > MAX_QUERY_BYTES:
        return None
    form = request.form
    return None if form is None or request.detected is not None else form.shaped


def sign(request: CapturedRequest, shaped: ShapedForm) -> Signature:
    """All that a plan depends on, of a request with this form."""
    names = tuple([name for name, _ in request.raw_headers])
    return id(shaped.shape), request.raw_query, names


def make_plan(request: CapturedRequest, shaped: ShapedForm) -> RowPlan:
    """The plan of a request; whoever uses it holds it to a walk over that request."""
    pairs = request.raw_headers
    nested = shaped.with_positions().make_value()
    leaves = [(path, text) for path, text in iterate_values(nested, by_nothing) if text]
    query: list[tuple[Path, str]] = []
    if request.raw_query:
        found = iterate_values(request.query.value, by_nothing)
        query = [(path, text) for path, text in found if path]
    headers = tuple(
        [place for place, (name, _) in enumerate(pairs) if name.lower() not in TRANSPORT]
    )
    keys: list[FieldKey] = [(BODY, path) for path, _ in leaves]
    keys += [(QUERY, path) for path, _ in query]
    keys += [(HEADER, (pairs[each][0].lower(),)) for each in headers]
    return RowPlan(
        shaped.shape,
        tuple(keys),
        tuple(int(text) for _, text in leaves),
        tuple(text for _, text in query),
        headers,
        dict(nested),
    )
