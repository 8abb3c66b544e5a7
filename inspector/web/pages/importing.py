"""Import on the page: a colleague's file becomes requests of the bin."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request

from inspector.errors import InspectorError
from inspector.web.current import find_bin
from inspector.web.importing import import_file

blueprint = Blueprint("import", __name__)


@blueprint.post("/bins/<name>/import")
def import_requests(name: str) -> Any:
    """A form with ``file``: an HTTP Archive, JSON lines or one raw request. Back to the bin.

    With ``skip_unreadable`` a page says first what was left out, if anything was.
    """
    bin_ = find_bin(name)
    chosen = request.files.get("file")
    if chosen is None or not chosen.filename:
        raise InspectorError("invalid_file", "Choose a file first.")
    skips = request.form.get("skip_unreadable") == "true"
    done = import_file(bin_, chosen.read(), skip_unreadable=skips)
    if done.left_out:
        return render_template("requests/imported.html", bin=bin_, done=done)
    return redirect(f"/bins/{name}", 303)
