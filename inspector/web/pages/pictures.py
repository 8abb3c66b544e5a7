"""Small pictures of the pictures in a request; the sender's own bytes are only ever downloaded."""

from __future__ import annotations

from hashlib import sha256

from flask import Blueprint, Response, request

from inspector.errors import InspectorError
from inspector.reading.files.kinds import find_kind
from inspector.reading.files.thumbnails import PictureError, make_thumbnail
from inspector.web.current import current_services, find_bin
from inspector.web.headers import DATA_POLICY
from inspector.web.pages.request_content import find_part

# A captured request does not change; its picture is asked for again with each look at it.
MAX_AGE_S = 86_400

blueprint = Blueprint("pictures", __name__)


@blueprint.get("/bins/<name>/requests/<request_id>/picture")
def show_body(name: str, request_id: str) -> Response:
    """The picture that the body is."""
    captured = current_services().requests.get(find_bin(name), request_id)
    return show_small(captured.decoded_body)


@blueprint.get("/bins/<name>/requests/<request_id>/parts/<int:index>/picture")
def show_part(name: str, request_id: str, index: int) -> Response:
    """The picture in a part of a multipart body."""
    captured = current_services().requests.get(find_bin(name), request_id)
    return show_small(find_part(captured, index).data)


def show_small(data: bytes) -> Response:
    """A picture made small. Raises ``InspectorError`` ``not_found`` for what is none."""
    kind = find_kind(data)
    if kind is None or not kind.picture:
        raise InspectorError("not_found", "This is no picture of a kind that is shown.")
    response = Response(mimetype="image/png")
    response.set_etag(sha256(data).hexdigest())
    response.cache_control.private = True
    response.cache_control.max_age = MAX_AGE_S
    response.headers["Content-Security-Policy"] = DATA_POLICY
    if (response.get_etag()[0] or "") in request.if_none_match:
        response.status_code = 304
        return response
    try:
        response.data = make_thumbnail(data, kind.picture)
    except PictureError as error:
        raise InspectorError("not_found", str(error)) from None
    return response
