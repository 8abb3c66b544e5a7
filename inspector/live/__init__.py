"""News of bins, and the responses that wait for them: event streams, waiting calls, delays."""
