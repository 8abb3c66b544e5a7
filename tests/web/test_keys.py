"""Keys of the pages: one meaning each, in the help and on the page that shows a request."""

from __future__ import annotations

import re
from collections import Counter

from flask.testing import FlaskClient

HELP = re.compile(r"<dt><kbd>([^<]+)</kbd></dt>")
KEY = re.compile(r'data-key="([^"]+)"')


def test_each_key_has_one_meaning(client: FlaskClient) -> None:
    for number in range(3):
        client.post(f"/orders/{number}", json={"a": {"b": number}})
    page = client.get("/bins/orders/requests/1-2").text
    told = Counter(HELP.findall(page))
    assert len(told) > 10
    assert max(told.values()) == 1, told
    used = Counter(KEY.findall(page))
    assert max(used.values()) == 1, used
    assert {"j", "k", "r", "b", "p", "n"} <= used.keys()
