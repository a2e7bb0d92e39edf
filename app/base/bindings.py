"""Import the C bindings of a package without running the package's own `__init__`."""

from __future__ import annotations

import importlib.util
import sys
import types
from typing import Any


def import_bindings(package: str, module: str) -> Any:
    """Return `package.module`, imported below a stand-in package, so that the package's own `__init__` never runs.

    That `__init__` would make libffi closures, which need a page that is writable and executable at once. An enclave refuses
    such a page (docs/explanation/enclaves.md, "What SCONE refuses"). Raises ImportError; importing the module may raise other
    errors.
    """
    if package not in sys.modules:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise ImportError(package)
        stand_in = types.ModuleType(package)
        stand_in.__spec__ = spec
        stand_in.__path__ = list(spec.submodule_search_locations)
        sys.modules[package] = stand_in
    return importlib.import_module(f"{package}.{module}")
