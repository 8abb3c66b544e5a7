"""Answers a form with what Flask makes of it; ``python receiver_flask.py``."""

import json
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

app = Flask(__name__)


@app.post("/")
def answer() -> Response:
    expression = request.headers.get("X-Expression")
    value: Any = dict(request.form.lists())
    if expression:
        value = eval(expression.encode("latin-1").decode(), {"request": request})
    return Response(json.dumps({"value": value}), mimetype="application/json")


@app.errorhandler(Exception)
def refuse(error: Exception) -> dict[str, str]:
    code = str(error.code) if isinstance(error, HTTPException) else "500"
    return {"error": code, "message": str(error)}


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app, request_handler=Handler, threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()
