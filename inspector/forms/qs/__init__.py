"""The qs library's reader of forms, with its own settings or with those of Express' body-parser.

Source: qs 6.17.1, ``lib/parse.js`` and ``lib/utils.js``; body-parser 2.4.0,
``lib/types/urlencoded.js``.
"""

from inspector.forms.qs.trace import trace, trace_express
from inspector.forms.qs.values import read_express_value, read_value

__all__ = ["read_express_value", "read_value", "trace", "trace_express"]
