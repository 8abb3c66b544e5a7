"""RequestBin for your own machine: captures webhooks and shows exactly what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """Import Flask and all that only when it is asked for: pytest imports this package early."""
    if name == "create_app":
        from inspector.app import create_app

        return create_app
    raise AttributeError(f"module 'inspector' has no attribute {name!r}")
