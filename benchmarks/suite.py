"""Every figure that the product is proud of, measured and written down: `make bench`, or some of it with `make bench PARTS="bulk pages"`.

A part is a module of this folder with ``measured(options) -> dict`` and ``options_of(words)``; it runs in a process of its own, on
servers of its own. What it returns under ``floors`` (name: floor, found, met) decides: one that is missed ends the run with 1, and so
does a part that fails. The reference loop runs before and after each part: when the two differ, the machine was not quiet, and the
figures say less.

`benchmarks/latest.json` then holds for each part its figures, when and at which commit it was measured, and on what machine; parts that
were not asked for keep what they had. A part that is not there yet is named as not measured.
"""

import argparse
import importlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import reference
from crm.operations.first_steps import ROOT
from crm.operations.servers.postgres import MEMORY_MB, SETTINGS

PARTS = ("bulk", "backtest", "decisions", "pages", "notices", "compute_facts")
LATEST = ROOT / "benchmarks" / "latest.json"
UNSTEADY = 0.15
"""So much may the reference loop differ before and after, as a share, for the machine to count as quiet."""
MAY_VARY = ("fsync_per_s", "cpu_beside_per_s")


def main() -> int:
    """Run the parts, write the file, print the table; 1 when a floor was missed or a part failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=[], help=f"of {', '.join(PARTS)}; without any: all")
    parser.add_argument("--one", nargs=2, metavar=("PART", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return one(*options.one)
    wanted = options.parts or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    latest = kept()
    for name in wanted:
        latest[name] = run(name)
        LATEST.write_text(json.dumps(latest, ensure_ascii=False, indent=1) + "\n")
    rows = [row for name in wanted for row in table(name, latest[name])]
    print(in_columns(rows))
    return 1 if any(row[-1] in ("MISSED", "FAILED") for row in rows) else 0


def kept() -> dict[str, Any]:
    """Return what the last runs found, by part; a part that nobody has measured says so."""
    found: dict[str, Any] = json.loads(LATEST.read_text()) if LATEST.exists() else {}
    return {name: found.get(name, {"state": "not measured"}) for name in PARTS}


def run(name: str) -> dict[str, Any]:
    """Measure one part in a process of its own, between two reference loops."""
    if importlib.util.find_spec(f"benchmarks.{name}") is None:
        return {"state": "not measured"}
    print(f"{name} …", file=sys.stderr, flush=True)
    about = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "commit": commit(), "machine": machine(), "settings": SETTINGS}
    before, began = reference.measured(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "benchmarks.suite", "--one", name, str(answer)]
        done = subprocess.run(command, cwd=ROOT, env=clean(), stdout=sys.stderr, check=False)
        state = "measured" if done.returncode == 0 and answer.exists() else "failed"
        figures = json.loads(answer.read_text()) if state == "measured" else {}
    seconds, after = round(time.perf_counter() - began), reference.measured()
    loop = {"before": before, "after": after, "quiet": is_quiet(before, after)}
    return {"state": state} | about | {"seconds": seconds, "reference": loop, "figures": figures}


def one(name: str, file: str) -> int:
    """Measure one part here and write its figures into a file."""
    part = importlib.import_module(f"benchmarks.{name}")
    options = part.options_of([]) if hasattr(part, "options_of") else {}
    Path(file).write_text(json.dumps(part.measured(options), ensure_ascii=False, default=str))
    return 0


def clean() -> dict[str, str]:
    """Return the environment without what names servers: each part brings its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CRM_") or name == "CRM_WORLDS"}


def commit() -> str:
    """Return the commit that is measured, with a plus where the clone has changes beside it."""
    known = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    dirty = subprocess.run(["git", "status", "--porcelain", "-uno"], cwd=ROOT, capture_output=True, text=True, check=False)
    changed = any(not line.endswith("benchmarks/latest.json") for line in dirty.stdout.splitlines())
    return (known.stdout.strip() or "unknown") + ("+" if changed else "")


def machine() -> dict[str, Any]:
    """Return what the figures were measured on; no name of it."""
    info = Path("/proc/cpuinfo")
    models = (
        [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    )
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(MEMORY_MB / 1024, 1),
        "processor": models[0] if models else platform.machine(),
        "python": platform.python_version(),
    }


def is_quiet(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Return whether the reference loop found the same machine twice; the disk and the other cores may vary more."""
    return all(abs(after[name] / before[name] - 1) <= UNSTEADY for name in before if name not in MAY_VARY)


def table(name: str, part: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a row for each floor of a part: part, figure, floor, found, verdict."""
    if part["state"] != "measured":
        return [(name, "", "", "", {"failed": "FAILED"}.get(part["state"], part["state"]))]
    floors = part["figures"].get("floors", {})
    rows = [(name, figure, str(one["floor"]), str(one["found"]), "met" if one["met"] else "MISSED") for figure, one in floors.items()]
    noisy = [] if part["reference"]["quiet"] else [(name, "reference loop", "", "", "the machine was not quiet")]
    return [*(rows or [(name, "", "", "", "measured, no floor")]), *noisy]


def in_columns(rows: list[tuple[str, ...]]) -> str:
    """Return the rows as a table of text."""
    told = [("part", "figure", "floor", "found", ""), *rows]
    widths = [max(len(row[place]) for row in told) for place in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in told)


if __name__ == "__main__":
    sys.exit(main())
