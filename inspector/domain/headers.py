"""Headers of a request or a response, looked up by name in any case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


def join_headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each name once, in the case it first came in; repeats joined with ``", "``."""
    joined: dict[str, str] = {}
    first_case: dict[str, str] = {}
    for name, value in pairs:
        key = first_case.setdefault(name.lower(), name)
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


class Headers(Mapping[str, str]):
    """Header names in the case they first came in; looked up in any case.

    Repeats are joined with ``", "``; ``raw_headers`` has them as sent.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)
        self._by_name = {name.lower(): value for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        try:
            return self._by_name[name.lower()]
        except KeyError:
            raise KeyError(f"{name}; there are: {', '.join(self._headers)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self._by_name == {str(name).lower(): value for name, value in other.items()}

    __hash__ = None  # type: ignore[assignment]  # as of every mapping that compares by content

    def __repr__(self) -> str:
        return repr(self._headers)
