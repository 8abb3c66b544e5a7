"""The clock of servers, waits and deliveries, which tests that freeze time do not reach.

Libraries like freezegun replace the functions of the module ``time`` and whatever
refers to them. A server in the same process would then wait for ever, so ours reads
its clock from an instance of that module of its own.
"""

from __future__ import annotations

from importlib.machinery import BuiltinImporter
from importlib.util import module_from_spec
from typing import TYPE_CHECKING

__all__ = ["time"]

if TYPE_CHECKING:
    import time
else:

    def _load_time():
        spec = BuiltinImporter.find_spec("time")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        # Others replace functions in C, where every instance shares them. They leave
        # perf_counter alone, which is the same clock wherever Python runs.
        module.monotonic = module.perf_counter
        return module

    time = _load_time()
