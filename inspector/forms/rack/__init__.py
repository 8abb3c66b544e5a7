"""Rack's reader of forms, as Rails and Sinatra use it: ``Rack::Request#POST`` of Rack 2.2.

Rack 3 reads ordinary names alike. It takes 32 levels in place of 100 and knows no limit on
the names of one hash, and it keeps brackets at the beginning of a name.

Source: Rack 2.2.22, ``lib/rack/query_parser.rb``.
"""

from inspector.forms.rack.names import MAX_DEPTH
from inspector.forms.rack.trace import trace
from inspector.forms.rack.values import MAX_PARAMETERS, read_value

__all__ = ["MAX_DEPTH", "MAX_PARAMETERS", "read_value", "trace"]
