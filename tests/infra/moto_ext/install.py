"""Puts all extensions into moto; call it before moto's server is made."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

_OURS = ("__init__", "__main__", "install", "patch")


def services() -> list[str]:
    """The files here that extend a service."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _OURS)


def install() -> None:
    """Import every service's file; importing one adds to moto."""
    for service in services():
        import_module(f"{__package__}.{service}")
