"""A plain waitress application that reads the body and says ok: what the server alone costs.

Called with a port, the number of threads, and ``one`` or ``all`` for the processors.
"""

import os
import sys
from typing import Any

from waitress import serve


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]


port, threads, processors = sys.argv[1:]
if processors == "one":
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
serve(application, host="127.0.0.1", port=int(port), threads=int(threads), asyncore_use_poll=True)
