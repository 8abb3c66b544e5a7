"""The search language: one line of text to a test on captured requests.

Terms stand side by side and all must hold; ``or`` stands between alternatives, brackets
around what belongs together; ``-`` before a term or a bracket turns it round; double
quotes keep spaces together. Words are found at the beginnings of words, in any case.

====================================  ====================================================
``hierarchy "vip support"``           words in names, values, headers and the path
``/vip (support|desk)/``              a regular expression for a value or a name, in any case
``method:POST``                       the method
``path:/hook``                        a piece of the path, as sent
``header:X-Deskpro-TicketId=5``       a header's value; without ``=`` that it was sent
``ticket.agent.id=3``                 a field; also ``!=``, ``>``, ``<``, ``:`` for words and
                                      ``:/regex/``
``tags[]=green``                      one of several values; with ``!=`` that none is it
``has:custom_data``                   the field was sent, empty or not
``is:empty``                          see ``marks``; also ``is:pinned``, ``is:noted``, ``is:retry``
``note:later``                        words of a request's note, or ``note:/regex/``
``number:7 number:1,4-9``             these requests of a bin
``sender:github event:issues``        the known sender's name; words of its event
``delivery:7f signature:invalid``     the delivery's id, whole; the signature's result
``before:2026-05-01 after:2h``        received; a time is the reader's, a number so long ago
``method:PUT or (is:json -has:id)``   either; ``or`` binds less than standing side by side
====================================  ====================================================
"""

from inspector.reading.query.conditions import AllOf, AnyOf, Condition, Lookup, Mark, Query
from inspector.reading.query.parser import MAX_QUERY_CHARS, MAX_TERMS, TERM, parse_query
from inspector.reading.query.terms import FILTERS

__all__ = [
    "FILTERS",
    "MAX_QUERY_CHARS",
    "MAX_TERMS",
    "TERM",
    "AllOf",
    "AnyOf",
    "Condition",
    "Lookup",
    "Mark",
    "Query",
    "parse_query",
]
