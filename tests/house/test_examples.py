"""Every example in a docstring gives what it says."""

import doctest
import importlib.util
import pkgutil
from pathlib import Path

import pytest

import evalkit

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(evalkit.__path__, "evalkit.")
    if not module.name.startswith("evalkit.portal") and not module.name.endswith("__main__")
)


def with_examples() -> list[str]:
    """Modules whose source holds an example, without importing them."""
    found = []
    for name in MODULES:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        if ">>> " in Path(spec.origin).read_text(encoding="utf-8"):
            found.append(name)
    return found


@pytest.mark.parametrize("name", with_examples())
def test_examples_hold(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0
