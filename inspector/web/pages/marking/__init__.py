"""Pages for requests that were picked out: pins and notes, and a selection of a list."""
