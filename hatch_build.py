"""Build hook: bring htmx into ``static/vendor/``, and templates and static files into the wheel.

No third-party file is committed. htmx and its SSE extension come from the
``django-htmx`` distribution, which is needed while building only and is never
imported; each file must have the SHA-256 written here. An editable build fills
the checkout's own ``static/vendor/`` in the same way, so that a checkout serves
what a wheel would.
"""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Name below ``static/vendor/``, path inside django-htmx 1.29.0, SHA-256.
VENDORED = (
    (
        "htmx-2.min.js",  # htmx 2.0.10
        "django_htmx/static/django_htmx/htmx-2.min.js",
        "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
    ),
    (
        "hx-sse-2.min.js",  # htmx-ext-sse 2.2.4
        "django_htmx/static/django_htmx/ext/hx-sse-2.min.js",
        "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136",
    ),
)


def save_vendored(folder: Path) -> None:
    """Make every vendored file present in ``folder``, byte for byte as expected.

    A file that is there already and right is left alone, so that a build needs
    ``django-htmx`` only once. Raises ``RuntimeError`` when a file cannot be had or
    is not the one we know.
    """
    for name, source, digest in VENDORED:
        target = folder / name
        if target.is_file() and sha256(target.read_bytes()).hexdigest() == digest:
            continue
        content = load_from_wheel(source)
        if sha256(content).hexdigest() != digest:
            message = f"{source} of django-htmx is not the file this project was written for."
            raise RuntimeError(message)
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def load_from_wheel(source: str) -> bytes:
    """Read one file of the installed ``django-htmx``; ``RuntimeError`` when it has none such."""
    try:
        return Path(str(distribution("django-htmx").locate_file(source))).read_bytes()
    except (PackageNotFoundError, OSError) as error:
        message = f"The build needs {source} of the django-htmx wheel: {error}"
        raise RuntimeError(message) from error


class VendorHook(BuildHookInterface):  # type: ignore[type-arg]
    """Fill ``static/vendor/``; put templates and static files beside the package's modules."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before each wheel; ``version`` is ``standard`` or ``editable``."""
        root = Path(self.root)
        save_vendored(root / "static" / "vendor")
        if version == "standard":
            for folder in ("templates", "static"):
                build_data["force_include"][str(root / folder)] = f"inspector/{folder}"
