"""The processor's time for a ticket exported as JSON lines, and listed by the API.

Measured in this process, beside what ``parse_qsl`` takes for the same bodies.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import process_time
from urllib.parse import parse_qsl

from inspector.app import create_app
from inspector.capture import Capture
from inspector.emitter import WebhookAction, render, sample_context
from inspector.settings import Settings
from inspector.web.services import Services
from tests.bench.load import TICKET_TYPE, Verdict

COUNT, LISTED, ROUNDS = 500, 50, 5
TARGETS = {"JSON lines": 0.7, "list of 50": 0.7, "HTTP Archive": 0.5, "CSV": 2.5}
HEAD = f"POST /bench HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {TICKET_TYPE}\r\n".encode()
PATHS = {
    "JSON lines": ("/api/v1/bins/bench/export", COUNT),
    "list of 50": (f"/api/v1/bins/bench/requests?limit={LISTED}", LISTED),
    "HTTP Archive": ("/api/v1/bins/bench/export?format=har", COUNT),
    "CSV": ("/api/v1/bins/bench/export?format=csv", COUNT),
}


def main() -> None:
    verdict = Verdict()
    body = render(WebhookAction(url="http://127.0.0.1/"), sample_context()).body
    bodies = [body + b"&number=%d" % number for number in range(COUNT)]
    best = dict.fromkeys(("parse_qsl", *PATHS), float("inf"))
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data_dir=Path(folder), bins=("bench",)))
        services: Services = app.extensions["inspector"]
        for at_us, each in enumerate(bodies, 1_777_593_600_000_000):
            services.writer.store(Capture("bench", at_us, HEAD, lambda each=each: each, len(each)))  # type: ignore[misc]
        client = app.test_client()
        for _ in range(ROUNDS):
            began = process_time()
            for each in bodies:
                parse_qsl(each, keep_blank_values=True)
            best["parse_qsl"] = min(best["parse_qsl"], (process_time() - began) / COUNT)
            for name, (path, count) in PATHS.items():
                began = process_time()
                response = client.get(path, headers={"Host": "127.0.0.1"}, buffered=False)
                for _piece in response.iter_encoded():
                    pass
                response.close()
                assert response.status_code == 200
                best[name] = min(best[name], (process_time() - began) / count)
        services.close()
    for name in PATHS:
        print(f"       {name}: {best[name] * 1e6:.0f} microseconds a request")
        verdict.check(
            f"{name} / parse_qsl", best[name] / best["parse_qsl"], TARGETS[name], at_most=True
        )
    verdict.leave()


if __name__ == "__main__":
    main()
