"""Flask lives here: capture without a lane, pages, the API, streams."""
