"""Answers a form with what Django makes of it; ``python receiver_django.py``."""

import json
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path


def answer(request: HttpRequest) -> HttpResponse:
    value: Any = dict(request.POST.lists())
    expression = request.headers.get("X-Expression")
    if expression:
        value = eval(expression.encode("latin-1").decode(), {"request": request})
    return HttpResponse(json.dumps({"value": value}), content_type="application/json")


def refuse(request: HttpRequest, exception: Exception) -> HttpResponse:
    text = json.dumps({"error": "400", "message": type(exception).__name__})
    return HttpResponse(text, content_type="application/json")


urlpatterns = [path("", answer)]
handler400 = refuse


class Handler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None)
    django.setup()
    server = make_server("127.0.0.1", 0, WSGIHandler(), handler_class=Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
