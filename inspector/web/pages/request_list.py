"""A bin's requests as its page lists them: the newest, older ones, or what a search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, make_response, redirect, render_template, request

from inspector.answers.rules import load_rules
from inspector.domain import Bin, CapturedRequest
from inspector.reading.columns import label_columns
from inspector.reading.overview.timeline import Column
from inspector.reading.query.times import parse_time
from inspector.reading.reasons import Reason
from inspector.storage.records import find_number, make_id
from inspector.web.current import current_services
from inspector.web.htmx import (
    set_vary,
)
from inspector.web.pages.rendering.request_rows import render_request_rows
from inspector.web.pages.search import (
    Search,
    explain,
    list_examples,
    read_search,
    read_zone,
    suggest,
)

ROWS = 50
# The matches needed to estimate how many there are in requests not searched yet.
LEAST_FOR_ESTIMATE = 20


@dataclass(frozen=True, slots=True)
class RequestList:
    """``requests`` newest first; ``older_than_id`` is where the next ones begin, if there are any.

    ``is_live`` when new captures belong on top of it; ``newest_id`` is then the newest
    that was looked at. A search that ran out of time says by ``searched_to`` down to
    which number it came; ``reasons`` say by id why a request is in it. ``found_before``
    are matches on the pages above, when the list goes on below them, and ``counted`` those
    below. Counting ended after its time with this ``share`` of the bin looked at.
    """

    requests: list[CapturedRequest]
    search: Search
    older_than_id: str | None = None
    is_live: bool = False
    newest_id: str = "0"
    searched_to: int | None = None
    reasons: dict[str, list[Reason]] = field(default_factory=dict)
    found_before: int = 0
    counted: int = 0
    share: float = 1.0

    @property
    def found(self) -> int:
        return self.found_before + len(self.requests)

    @property
    def total(self) -> int:
        """The matches that are known of, those that are not shown included."""
        return self.found + self.counted

    @property
    def total_text(self) -> str:
        """``212``; ``about 1,400`` where the rest is as likely to match; ``3+`` where few did."""
        if self.share >= 1:
            return f"{self.total:,}"
        if self.total < LEAST_FOR_ESTIMATE:
            return f"{self.total:,}+"
        estimate = self.total / self.share
        step = 10 ** max(0, len(str(int(estimate))) - 2)
        return f"about {round(estimate / step) * step:,}"

    @property
    def goes_on(self) -> bool:
        """True when to search further by itself, being short of a page."""
        return self.searched_to is not None and self.found < ROWS

    def covers(self, column: Column) -> bool:
        """True when the search looks at requests of this time."""
        query = self.search.query
        after_us, before_us = (query.after_us, query.before_us) if query else (None, None)
        return (after_us is None or column.end.timestamp() * 1_000_000 > after_us) and (
            before_us is None or column.start.timestamp() * 1_000_000 < before_us
        )


def load_list(bin_: Bin, *, before: int | None = None, after: int | None = None) -> RequestList:
    """The requests that the URL asks for: ``?q=`` searches, ``before`` and ``after`` are numbers.

    A query with something wrong in it leaves the list as it is without one.
    """
    search = read_search()
    is_live = before is None and after is None
    newest_id = make_id(bin_.id, bin_.last_number)
    leave_out = current_services().deletions.leave_out
    if search.query is None:
        page = current_services().requests.page(
            bin_, limit=ROWS, before=before, after=after, whole_bodies=False
        )
        older = page.requests[-1].id if page.has_more else None
        return RequestList(leave_out(bin_.id, page.requests), search, older, is_live, newest_id)
    found = current_services().search.find(
        bin_, search.query, limit=ROWS, before=before, after=after
    )
    is_full = len(found.requests) == ROWS
    counted, counted_to = 0, None
    if found.searched_to is not None and after is None:
        counted, counted_to = current_services().search.count(
            bin_, search.query, before=found.searched_to
        )
    return RequestList(
        leave_out(bin_.id, found.requests),
        search,
        None if found.searched_to is None else make_id(bin_.id, found.searched_to),
        is_live,
        newest_id,
        None if is_full else found.searched_to,
        explain(found.requests, search.query),
        max(request.args.get("found", 0, type=int), 0),
        counted,
        1.0 if counted_to is None else _find_share(bin_, counted_to),
    )


def _find_share(bin_: Bin, number: int) -> float:
    """The part of a bin's numbers that is not below this one; nearly none is not none."""
    return max((bin_.last_number - number + 1) / (bin_.last_number - bin_.kept_from + 1), 0.001)


def load_list_around(bin_: Bin, captured: CapturedRequest) -> RequestList:
    """The newest page when the request is on it, otherwise one that has it in the middle."""
    newest = load_list(bin_)
    if not newest.requests or newest.requests[-1].number <= captured.number:
        return newest
    ahead = 1 if newest.search.query else ROWS // 2
    return load_list(bin_, before=captured.number + ahead)


def answer_news(found: RequestList, context: dict[str, Any]) -> Response:
    """The rows of newer requests; ``Inspector-Newest`` is the id up to which they were read.

    ``Inspector-Count`` says how many the bin holds: a page that has another count looks again.
    """
    if found.older_than_id:
        response = make_response("", 205)
    elif found.requests:
        response = make_response(render_template("requests/_rows.html", **context))
    else:
        response = make_response("", 204)
    response.headers["Inspector-Newest"] = found.newest_id
    response.headers["Inspector-Count"] = str(context["count"])
    return set_vary(response)


def list_context(bin_: Bin, found: RequestList | None) -> dict[str, Any]:
    """The context of list and rows; ``search`` keeps a search in the addresses of its rows."""
    return {
        "bin": bin_,
        "count": current_services().deletions.count_shown(bin_),
        "deletion": current_services().deletions.find_last(bin_.id),
        "bin_url": current_services().bin_url(bin_.name),
        "list": found,
        "timeline": None if found is None else current_services().activities.draw(bin_),
        "requests": [] if found is None else found.requests,
        "reasons": {} if found is None else found.reasons,
        "search": read_search().suffix,
        "open_id": None,
        "new_fields": count_new_fields(bin_),
        "label_columns": label_columns,
        "answers_summary": load_rules(bin_.answers).summary,
        "list_examples": list_examples,
        "suggest": suggest,
        "zone": str(read_zone()),
    }


def count_new_fields(bin_: Bin) -> int:
    """The number of fields that are new since yesterday, as far as fields were looked at."""
    catalogue = current_services().catalogues.recall(bin_)
    if catalogue is None:
        return 0
    return len(catalogue.find_new_since(datetime.now(UTC) - timedelta(days=1)))


def render_rows(bin_: Bin, requests: Sequence[CapturedRequest]) -> str:
    """The list's markup for these requests, newest first, ready to be put on top.

    Needs no request, since one rendering goes to every open page.
    """
    newest_first = sorted(requests, key=lambda each: each.number, reverse=True)
    return render_request_rows(bin_, newest_first)


def jump(bin_: Bin, place: str) -> Any:
    """To a request by its number, to the list at a time, or to its oldest page."""
    services = current_services()
    number = find_number(bin_, place.removeprefix("#"))
    if place == "oldest":
        oldest = services.requests.load_after(bin_, 0, limit=ROWS, whole_bodies=False)
        number = oldest[-1].number if oldest else 0
    elif number is not None:
        if services.requests.find_keys(bin_, [number]):
            return redirect(f"/bins/{bin_.name}/requests/{make_id(bin_.id, number)}", 303)
    else:
        moment = parse_time(place, datetime.now(UTC), read_zone())
        number = services.search.find_at(bin_, int(moment.timestamp() * 1_000_000))
    return redirect(f"/bins/{bin_.name}?before={make_id(bin_.id, number + 1)}", 303)
