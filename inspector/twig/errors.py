"""The errors of templates: one for callers, and two that are still without a line."""

from __future__ import annotations


class TemplateError(Exception):
    """A template that cannot be read or rendered.

    ``line`` counts from 1, ``problem`` is half a sentence in the words of those who write
    templates; as a text it is the whole sentence.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"Line {line}: {problem}.")
        self.line = line
        self.problem = problem


class ValueProblemError(Exception):
    """An operation that a value does not allow, as half a sentence; never leaves the package."""


class TooMuchWorkError(Exception):
    """More work than one rendering may do; never leaves the package."""
