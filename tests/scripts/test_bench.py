"""The bench is run by hand; here only that every part of it can be imported."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import bench

MODULES = [module.name for module in pkgutil.walk_packages(bench.__path__, "bench.") if "__main__" not in module.name]


@pytest.mark.parametrize("module", MODULES)
def test_it_can_be_imported(module: str) -> None:
    importlib.import_module(module)
