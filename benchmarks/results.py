"""What a benchmark found, and how it is written down."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Measured by the code that `make bench` runs, all on one machine: load, product and database share its cores. Machines
differ and are noisy: read the ratios, not the absolutes. Targets and why they are what they are:
[decisions](decisions.md).
"""


@dataclass(frozen=True)
class Result:
    """One figure: what, how much, how it was taken, what was wanted, whether it is."""

    name: str
    found: str
    how: str
    target: str
    is_met: bool


def percentile(ordered: Sequence[float], share: float) -> float:
    """Give the value below which `share` per cent of an ascending series lie (nearest rank)."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


def write(results: Mapping[str, tuple[str, Sequence[Result]]]) -> None:
    """Write docs/benchmarks.md: a section a benchmark, with its one-line description."""
    parts = [HEAD, f"\n{_machine()}\n"]
    for title, (about, rows) in results.items():
        parts.append(f"\n## {title}\n\n{about}\n\n| what | found | how | target | met |\n|---|---|---|---|---|\n")
        parts += [
            f"| {r.name} | {r.found} | {r.how} | {r.target} | {'yes' if r.is_met else '**no**'} |\n" for r in rows
        ]
    PAGE.write_text("".join(parts))


def _machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Machine: {os.cpu_count()} cores ({model or platform.machine()}), {memory:.0f} GiB,"
        f" Python {platform.python_version()};"
        f" {datetime.now(UTC):%Y-%m-%d}; load before the run {os.getloadavg()[0]:.1f}."
    )
