"""The figures that benchmarks keep: each benchmark's, with the commit that they are of."""

import json
import re
from pathlib import Path

from tests.bench import measurements

BENCHES = {path.stem.removeprefix("bench_") for path in Path("tests/bench").glob("bench_*.py")}


def test_kept_figures_are_of_a_benchmark_and_a_commit() -> None:
    kept = json.loads(measurements.KEPT.read_text("utf-8"))
    assert {"export", "growth", "start"} <= set(kept) <= BENCHES
    for each in kept.values():
        assert re.fullmatch(r"[0-9a-f]{7,40}\+?", each["commit"])
        assert each["parse_qsl_ms"] > 0
        assert each["figures"]


def test_figures_take_the_place_of_the_last_ones(monkeypatch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(measurements, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr(measurements, "find_commit", lambda: "0123456789")
    measurements.keep("start", {"slow": 2.0})
    measurements.keep("export", {"x": 1.23456})
    measurements.keep("start", {"slow": 3.0})
    kept = json.loads(measurements.KEPT.read_text("utf-8"))
    assert list(kept) == ["export", "start"]
    assert (kept["start"]["figures"], kept["export"]["figures"]) == ({"slow": 3.0}, {"x": 1.235})
    assert kept["start"]["commit"] == "0123456789"
