from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.meaning import Context, find_link, find_meaning

RECEIVED_AT = datetime(2014, 7, 2, 9, 1, 49, tzinfo=UTC)
DATE = "2014-05-21 14:18:57"


@dataclass(frozen=True)
class Case:
    id: str
    key: str
    text: str
    says: str | None
    beside: dict[str, str] = field(default_factory=dict)
    agrees: str | None = None
    problem: str | None = None
    distance: str | None = None
    href: str | None = None


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0"

CASES = [
    Case("seconds of JSON", "created", "1400681937", f"{DATE} UTC", distance="41 d before capture"),
    Case("seconds with a fraction", "ts", "1400681937.000200", f"{DATE}.0002 UTC"),
    Case("milliseconds of JSON", "timestamp", "1400681937250", f"{DATE}.25 UTC"),
    Case("under a key in camel case", "updatedAt", "1400681937", f"{DATE} UTC"),
    Case("the end of a token", "exp", "1400681937", f"{DATE} UTC"),
    Case("a number that is no time", "created", "1400", None),
    Case("a time under another key", "phone", "1400681937", None),
    Case("an ISO date under any key", "x", "2014-05-21T14:18:57Z", f"{DATE} UTC"),
    Case("a date of mail", "x", "Wed, 21 May 2014 14:18:57 +0000", f"{DATE} UTC"),
    Case("a date of mail that is none", "x", "Wed, 99 May 2014 14:18:57 +0000", None),
    Case("seconds until", "expires_in", "3600", "1 h"),
    Case("milliseconds of a duration", "duration_ms", "61000", "1 min 1 s"),
    Case("an ISO duration", "x", "PT1H30M", "1 h 30 min"),
    Case("a word with a P", "x", "PTTH", None),
    Case("money", "amount", "1999", "19.99 USD, if in cents", beside={"currency": "usd"}),
    Case("money owed", "amount_due", "-1", "-0.01 EUR, if in cents", beside={"currency": "EUR"}),
    Case("money without cents", "amount", "1999", "1,999 JPY", beside={"currency": "jpy"}),
    Case("money in thousandths", "total", "5", "0.005 KWD, if in thousandths",
         beside={"currency": "KWD"}),
    Case("money with its point", "amount", "19.99", None, beside={"currency": "USD"}),
    Case("money of no currency", "amount", "1999", None, beside={"currency": "dollars"}),
    Case("a text in base64", "data", "SGVsbG8sIHdvcmxkIQ==", "base64 of “Hello, world!”"),
    Case("a picture in base64", "data", b64encode(PNG).decode(),
         "PNG picture in base64, 640 × 480 pixels"),
    Case("a word of letters", "data", "internationalization", None),
    Case("a key in hexadecimal", "sha", "d6fde92930d4715a2b49857d24b940956b26d2d3", None),
    Case("seconds", "x_ts", "1400681937", f"{DATE} UTC", distance="41 d before capture"),
    Case("milliseconds", "x_ts_ms", "1400681937250", f"{DATE}.25 UTC"),
    Case("a stamp of 0 is no time", "date_closed_ts", "0", "no time"),
    Case("a stamp of a far year", "fail_date_ts", "20322281937", "2613-12-27 14:18:57 UTC"),
    Case("a stamp beyond all years", "x_ts", "99999999999999999", "beyond the year 9999"),
    Case("a negative stamp", "x_ts", "-1", "1969-12-31 23:59:59 UTC"),
    Case("an empty stamp", "x_ts", "", None),
    Case("a stamp that is no number", "x_ts", "soon", None),
    Case("other digits than ASCII", "x_ts", "١٢", None),
    Case("a date without zone is UTC", "date_created", DATE, f"{DATE} UTC"),
    Case("a date with a zone", "at", "x", None),
    Case(
        "an ISO date", "created_at", "2014-05-21T16:18:57+02:00", f"{DATE} UTC",
        distance="41 d before capture",
    ),
    Case("a date that is none", "date_x", "2014-13-41 99:99:99", None),
    Case("the year 1 in another zone", "date_x", "0001-01-01 00:00:00+14:00", None),
    Case(
        "a stamp agrees with its date", "d_ts", "1400681937", f"{DATE} UTC",
        beside={"d": DATE}, agrees="d",
    ),
    Case(
        "milliseconds agree within the second", "d_ts_ms", "1400681937999", f"{DATE}.999 UTC",
        beside={"d": DATE}, agrees="d",
    ),
    Case(
        "a date agrees with its stamp", "d", DATE, None,
        beside={"d_ts": "1400681937"},
    ),
    Case(
        "a date field agrees with its stamp", "date_d", DATE, f"{DATE} UTC",
        beside={"date_d_ts": "1400681937"}, agrees="date_d_ts",
    ),
    Case(
        "a date two hours off", "d_ts", "1400681937", f"{DATE} UTC",
        beside={"d": "2014-05-21 16:18:57"},
        problem="d is 2 h later: another time zone?",
    ),
    Case(
        "a date three seconds off", "d_ts", "1400681937", f"{DATE} UTC",
        beside={"d": "2014-05-21 14:18:54"}, problem="d is 3 s earlier",
    ),
    Case(
        "a stamp whose date is empty", "d_ts", "1400681937", f"{DATE} UTC",
        beside={"d": ""}, problem="d is empty",
    ),
    Case(
        "a date whose stamp is 0", "date_d", DATE, f"{DATE} UTC",
        beside={"date_d_ts": "0"}, problem="date_d_ts is no time",
    ),
    Case(
        "no time beside a date", "d_ts", "0", "no time",
        beside={"d": DATE}, problem="d is not empty",
    ),
    Case("no time beside an empty date", "d_ts", "0", "no time", beside={"d": ""}),
    Case(
        "waiting in seconds", "current_user_waiting", "3609772", "41 d 18 h 42 min 52 s"
    ),
    Case("waiting not at all", "total_user_waiting", "0", "0 s"),
    Case("waiting, empty", "total_user_waiting", "", None),
    Case("waiting for years", "total_to_first_reply", "99999999", "3 y 61 d"),
    Case("an amount of a unit", "warn_time", "2", "2 hours", beside={"warn_time_unit": "hours"}),
    Case("one of a unit", "warn_time", "1", "1 minute", beside={"warn_time_unit": "minutes"}),
    Case("an amount without a unit", "warn_time", "1", None),
    Case("a flag set", "is_agent", "1", "yes"),
    Case("a flag not set", "can_admin", "0", "no"),
    Case("a flag sent as false", "was_agent", "", "no"),
    Case("a flag with another value", "is_agent", "2", None),
    Case("a log is no flag", "disable_autoresponses_log", "", None),
    Case("an id of something named", "id", "3", "Annie", beside={"name": "Annie"}),
    Case("an id of something unnamed", "id", "3", None),
    Case("an address", "x", "a.b+c@example.com", "", href="mailto:a.b+c@example.com"),
    Case("an address with a ?", "x", "a?b@example.com", "", href="mailto:a%3Fb@example.com"),
    Case("not an address", "x", "a@b@c", None),
    Case("an address in a sentence", "x", "write to a@example.com", None),
    Case("a link", "x", "https://example.com/?a=b", "", href="https://example.com/?a=b"),
    Case("a script is no link", "x", "javascript:alert(1)//http://x", None),
    Case("a link in other letters", "x", "HTTP://example.com", "", href="HTTP://example.com"),
    Case("a link with a space", "x", "http://example.com/a b", None),
    Case("a link without a host", "x", "http:///path", None),
    Case("a link with a backslash", "x", "http://a.example\\@b.example/", None),
    Case("a link with a broken host", "x", "http://[::1/", None),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_a_value_means_what_its_key_and_siblings_say(case: Case) -> None:
    texts = case.beside | {case.key: case.text}
    meaning = find_meaning(Context(case.key, case.text, texts, RECEIVED_AT))
    if case.says is None:
        assert meaning is None
        return
    assert meaning is not None
    assert meaning.text == case.says
    assert (meaning.agrees, meaning.problem, meaning.href) == (
        case.agrees, case.problem, case.href,
    )  # fmt: skip
    if case.distance:
        assert meaning.distance == case.distance


@pytest.mark.parametrize(
    ("text", "distance"),
    [
        ("1404291709", "at capture"),
        ("1404291700", "9 s before capture"),
        ("1404291829", "2 min after capture"),
        ("1504291709", "3 y after capture"),
    ],
)
def test_a_time_is_told_relative_to_the_capture(text: str, distance: str) -> None:
    meaning = find_meaning(Context("x_ts", text, {"x_ts": text}, RECEIVED_AT))
    assert meaning is not None
    assert meaning.distance == distance


def test_a_link_of_any_length_is_cut_off_by_its_limit() -> None:
    assert find_link("http://example.com/" + "a" * 2_000) is None


KEYS = st.sampled_from(
    ["x_ts", "x_ts_ms", "x", "date_x", "x_at", "id", "is_x", "warn_time", "total_to_x", "x_waiting"]
)
TEXTS = st.one_of(
    st.text(), st.from_regex(r"-?[0-9]{1,25}"), st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2} .*")
)


@pytest.mark.slow
@given(st.dictionaries(KEYS, TEXTS, min_size=1))
def test_no_value_is_an_error(texts: dict[str, str]) -> None:
    for key, text in texts.items():
        find_meaning(Context(key, text, texts, RECEIVED_AT))
