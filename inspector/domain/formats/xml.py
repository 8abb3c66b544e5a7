"""XML as nested data.

Entities are never resolved: a document that declares any is not read, and nothing is
ever fetched. Source: Python's documentation, "XML vulnerabilities".
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from inspector.domain.formats.values import Budget, FormatError, TypedText, XmlDocument
from inspector.forms.text import visible

MAX_XML_DEPTH = 200
ATTRIBUTE, TEXT = "@", "#text"
_REASONS = {
    expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH]: "an end tag does not fit",
    expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]: "it breaks off",
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN]: "it breaks off",
    expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]: "an entity is not declared",
    expat.errors.codes[expat.errors.XML_ERROR_UNBOUND_PREFIX]: "a prefix has no namespace",
}


class DeclaredEntitiesError(FormatError):
    """A document with declarations of its own, where entities are made."""


def parse_xml(text: str) -> XmlDocument:
    """The root element by its name: ``{"order": {"@id": "7", "item": ["a", "b"]}}``.

    An element is a text, or a map of its attributes (``@name``), its elements by name as
    sent, prefix and all, those of one name as a list, and its own text (``#text``). A text
    that is all CDATA is a ``TypedText``. Comments and instructions are left out.

    Raises ``FormatError`` for what is not well-formed, ``DeclaredEntitiesError`` for a
    document type with declarations, ``ExcessError`` beyond the limits.
    """
    return _Builder().parse(text)


class _Element:
    __slots__ = ("cdata", "content", "name", "texts")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.content: dict[str, Any] = {ATTRIBUTE + key: text for key, text in attributes.items()}
        self.texts: list[str] = []
        self.cdata = False


class _Builder:
    def __init__(self) -> None:
        self.budget = Budget(max_depth=MAX_XML_DEPTH)
        self.root = _Element("", {})
        self.open = [self.root]

    def parse(self, text: str) -> XmlDocument:
        # The declared encoding has been applied already: the parser gets text.
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._enter
        parser.EndElementHandler = self._leave
        parser.CharacterDataHandler = self._add_text
        parser.StartCdataSectionHandler = self._begin_cdata
        parser.SkippedEntityHandler = self._skip_entity
        parser.StartDoctypeDeclHandler = self._check_doctype
        try:
            parser.Parse(visible(text).encode(), True)
        except expat.ExpatError as error:
            reason = _REASONS.get(error.code, "it is not well-formed")
            raise FormatError(f"{reason} (line {error.lineno})") from None
        return XmlDocument(self.root.content)

    def _enter(self, name: str, attributes: dict[str, str]) -> None:
        self.budget.spend(1 + len(attributes))
        self.budget.enter(len(self.open))
        self.open.append(_Element(name, attributes))

    def _leave(self, _name: str) -> None:
        element = self.open.pop()
        value = _read_element(element)
        siblings = self.open[-1].content
        if element.name not in siblings:
            siblings[element.name] = value
        elif isinstance(siblings[element.name], list):
            siblings[element.name].append(value)
        else:
            siblings[element.name] = [siblings[element.name], value]

    def _add_text(self, text: str) -> None:
        self.open[-1].texts.append(text)

    def _begin_cdata(self) -> None:
        # Only a text that is CDATA from its first sign on is shown as such.
        element = self.open[-1]
        element.cdata = element.cdata or not "".join(element.texts[:1]).strip()

    def _skip_entity(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self.open[-1].texts.append(f"&{name};")

    def _check_doctype(
        self, _name: str, _system: str | None, _public: str | None, has_subset: bool
    ) -> None:
        if has_subset:
            raise DeclaredEntitiesError(
                "it declares entities or the like, which are never resolved"
            )


def _read_element(element: _Element) -> Any:
    text = "".join(element.texts)
    if element.content:
        text = text.strip()
    if element.cdata and text.strip():
        text = TypedText(text.strip(), "CDATA")
    if not element.content:
        return text
    if text:
        element.content[TEXT] = text
    return element.content
