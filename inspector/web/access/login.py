"""The log-in pages: for the server's token and a bin's secret; a new secret is shown once."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from inspector.domain import Bin
from inspector.errors import UnauthorizedError
from inspector.web.access.gate import comes_from_elsewhere
from inspector.web.current import current_services
from inspector.web.errors import make_error
from inspector.web.htmx import set_refresh
from inspector.web.statuses import status_of

blueprint = Blueprint("login", __name__)

_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*\Z")


@blueprint.get("/login")
def ask_for_token() -> Any:
    """The form for the server's token."""
    if current_services().access.has_token():
        return redirect("/", 303)
    return render_template("login/token.html", back="/", problem=None)


@blueprint.post("/login")
def take_token() -> Any:
    """A form: ``token``, ``back?``, the path to go on to."""
    access = current_services().access
    back = _read_back()
    if not access.try_token(request.form.get("token", "").strip()):
        problem = "This is not the access token."
        return render_template("login/token.html", back=back, problem=problem), 401
    response = make_response(redirect(back, 303))
    access.remember_token(response)
    return response


@blueprint.app_template_global()
def can_log_out() -> bool:
    """True when pages show the log-out button: this browser has shown a token or a secret."""
    return current_services().access.has_login()


@blueprint.post("/logout")
def forget() -> Response:
    """Forget what this browser has shown, the server's token and the secrets of bins."""
    response = make_response(redirect("/", 303))
    current_services().access.forget(response)
    return response


@blueprint.post("/bins/<name>/open")
def take_secret(name: str) -> Any:
    """A form: ``secret``, ``back?``, the path to go on to."""
    services = current_services()
    bin_, back = services.bins.get(name), _read_back()
    if not services.access.try_secret(bin_, request.form.get("secret", "").strip()):
        problem = "This is not the secret of the bin."
        return render_template("login/secret.html", name=name, back=back, problem=problem), 401
    response = make_response(redirect(back, 303))
    services.access.remember_bin(response, bin_)
    return response


def show_secret(bin_: Bin, secret: str) -> Response:
    """A new private bin's secret, the one time it can be seen; this browser keeps the bin open."""
    services = current_services()
    response = make_response(
        render_template(
            "login/made.html", bin=bin_, secret=secret, bin_url=services.bin_url(bin_.name)
        )
    )
    services.access.remember_bin(response, bin_)
    return response


@blueprint.app_errorhandler(UnauthorizedError)
def ask_to_log_in(error: UnauthorizedError) -> Response:
    """The response to a caller without access: the form, or for programs the reason."""
    if request.path.startswith("/api/"):
        response = make_error(status_of(error.code), error.code, error.message, error.details)
    elif request.method == "GET" and comes_from_elsewhere():
        # A link on another site sends no cookie; our own page does, when it asks again.
        response = make_response(render_template("login/again.html"))
    elif "bin" in error.details:
        context = {"name": error.details["bin"], "back": _this_page(), "problem": None}
        response = make_response(render_template("login/secret.html", **context))
    else:
        response = make_response(
            render_template("login/token.html", back=_this_page(), problem=None)
        )
    response.status_code = status_of(error.code)
    response.headers["WWW-Authenticate"] = 'Bearer realm="inspector"'
    return set_refresh(response)  # htmx shows no part of a form


def _this_page() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


def _read_back() -> str:
    back = request.form.get("back", "")
    return back if _LOCAL_PATH.match(back) else "/"
