"""Headers as people read them: a few words on each, and what is unusual in them."""

from inspector.reading.headers.explaining import ExplainedHeader, explain_headers
from inspector.reading.headers.oddities import HeaderNote, find_header_notes

__all__ = ["ExplainedHeader", "HeaderNote", "explain_headers", "find_header_notes"]
