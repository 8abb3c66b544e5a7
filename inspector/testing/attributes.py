"""Read-only attributes of a received request, each the field of its own name elsewhere."""

from __future__ import annotations

from typing import Any, Generic, Never, Self, TypeVar, overload

Kind = TypeVar("Kind")


class _Attribute(Generic[Kind]):
    """A descriptor; ``meaning`` is for ``help()``."""

    def __init__(self, meaning: str = "") -> None:
        self.__doc__ = meaning
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, request: None, owner: type) -> Self: ...

    @overload
    def __get__(self, request: object, owner: type) -> Kind: ...

    def __get__(self, request: object | None, owner: type) -> Self | Kind:
        if request is None:
            return self
        found: Kind = self._read(request)
        return found

    def __set__(self, request: object, value: Never) -> None:
        raise AttributeError(f"{self._name} of a received request cannot be set.")

    def _read(self, request: Any) -> Any:
        raise NotImplementedError


class JsonField(_Attribute[Kind]):
    """The field of this name in the API's JSON."""

    def _read(self, request: Any) -> Any:
        return request._json[self._name]


class CapturedField(_Attribute[Kind]):
    """The attribute of this name of the ``CapturedRequest``, for which no JSON is made."""

    def _read(self, request: Any) -> Any:
        return getattr(request.captured, self._name)
