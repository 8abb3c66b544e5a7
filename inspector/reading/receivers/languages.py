"""A field's name in each language that people paste it into, with whose language it is."""

from __future__ import annotations

from typing import Any

from inspector.domain.messages import Message
from inspector.forms import Form
from inspector.reading.content import FORM, JSON
from inspector.reading.paths import (
    MISSING,
    Path,
    find_value,
    form_name,
    format_path,
    is_inside_text,
    jq_name,
    php_name,
    python_name,
    quote_key,
    template_name,
)
from inspector.reading.receivers.names import EXPRESS, PHP, list_receiver_names

Names = tuple[tuple[str, str], ...]

OUR_PATH = "Inspector"
_TWIG, _PYTEST, _OUR_JQ = "Twig (helpdesk)", "pytest (Inspector)", "jq on Inspector's JSON"


def list_names(request: Message, source: str, root: Any, path: Path, dialect: str) -> Names:
    """The names of the field at ``path``, each after the label of its language.

    ``root`` is the body's value as the receiver ``dialect`` reads it, ``source`` how it was
    written (``content.find_content``). A name that would give another value is left out.
    """
    ours = (OUR_PATH, format_path(path))
    if is_inside_text(root, path):
        return (ours,)  # Other languages have to decode the text first.
    if source == FORM and dialect != PHP:
        return (ours, *list_receiver_names(path, root, dialect))
    if source == FORM:
        return (ours, *_list_form_names(request, root, path))
    if source == JSON:
        return (ours, *_list_json_names(root, path))
    return (
        ours,
        (_PYTEST, python_name(path, root, source)),
        (_OUR_JQ, jq_name(path, root, source)),
    )


def _list_form_names(request: Message, root: Any, path: Path) -> Names:
    return (
        ("Form field", form_name(path)),
        *list_receiver_names(path, root, PHP),
        *_list_express_names(request, root, path),
        *_list_flat_names(request.form, path),
        (_TWIG, template_name(path, root)),
        (_PYTEST, python_name(path, root, FORM)),
        (_OUR_JQ, jq_name(path, root, FORM)),
    )


def _list_express_names(request: Message, root: Any, path: Path) -> Names:
    form = request.form_as(EXPRESS)
    value = MISSING if form is None else find_value(form.value, path)
    if form is None or value is MISSING or value != find_value(root, path):
        return ()
    ((_, name),) = list_receiver_names(path, form.value, EXPRESS)
    return (("JavaScript (Express)", name),)


def _list_flat_names(form: Form | None, path: Path) -> Names:
    """Flask and Django keep each pair under the name that was sent, brackets and all."""
    pairs = form.pairs if form else ()
    kept = next((each for each in pairs if each.is_kept and each.path == path), None)
    if kept is None:
        return ()
    quoted = quote_key(kept.name)
    places = [each.position for each in pairs if each.name == kept.name]
    if len(places) == 1:
        return (("Flask", f"request.form[{quoted}]"), ("Django", f"request.POST[{quoted}]"))
    at = f".getlist({quoted})[{places.index(kept.position)}]"
    if kept.name.endswith("[]"):
        return (("Flask", f"request.form{at}"), ("Django", f"request.POST{at}"))
    # PHP and Django keep the last of several values with one name.
    return (("Django", f"request.POST[{quoted}]"),)


def _list_json_names(root: Any, path: Path) -> Names:
    ((_, express),) = list_receiver_names(path, root, EXPRESS)
    return (
        ("PHP, from json_decode", php_name("$data", path, root)),
        ("JavaScript (Express)", express),
        ("Flask", python_name(path, root, JSON)),
        (
            "Django",
            python_name(path, root, JSON).replace("request.json", "json.loads(request.body)", 1),
        ),
        (_TWIG, template_name(path, root)),
        ("jq on the body", jq_name(path, root, "")),
        (_PYTEST, python_name(path, root, JSON)),
        (_OUR_JQ, jq_name(path, root, JSON)),
    )
