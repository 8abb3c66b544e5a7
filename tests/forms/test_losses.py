"""Fields that PHP would not read keep a reason, however many there are of their kind."""

from __future__ import annotations

import pytest

from inspector.forms import parse
from inspector.forms.losses import find_losses
from inspector.forms.notes import MAX_NOTES_OF_A_KIND


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (b"ticket.id%d=1", "is read under another name"),
        (b"%%00%d=1", "has a name that cannot be read"),
    ],
)
def test_a_field_beyond_the_notes_has_a_reason_of_its_own(field: bytes, reason: str) -> None:
    sent = [field % number for number in range(MAX_NOTES_OF_A_KIND + 3)]
    losses = find_losses(parse(b"&".join(sent)))
    assert losses.count == len(sent)
    reasons = [each.reason for each in losses.fields]
    assert reasons[-1] == f"field {len(sent)} {reason}"
    assert not any(each.startswith("field ") for each in reasons[:MAX_NOTES_OF_A_KIND])
