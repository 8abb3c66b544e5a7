"""Twig templates, as a helpdesk's author writes them, in Jinja's immutable sandbox.

A library: it knows text and data, nothing of webhooks. ``render_twig`` gives a text or
raises ``TemplateError``. ``docs/templates.md`` says what of Twig it can and cannot do.
"""

from inspector.twig.environment import check_template, render_twig
from inspector.twig.errors import TemplateError
from inspector.twig.scope import MAX_WORK
from inspector.twig.values import Work
from inspector.twig.variables import missing_variables

__all__ = [
    "MAX_WORK",
    "TemplateError",
    "Work",
    "check_template",
    "missing_variables",
    "render_twig",
]
