"""Run every ``bench_*.py`` beside this file, each in a process of its own; names as arguments choose.

Those that take many minutes, :data:`LONG`, are run when they are named.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.bench.report import heading, note

LONG: Final = {"faults", "soak"}


def main(chosen: list[str]) -> None:
    """Run the benchmarks named in ``chosen``, or all; one that breaks is told and passed over."""
    here = Path(__file__).parent
    for path in sorted(here.glob("bench_*.py")):
        name = path.stem.removeprefix("bench_")
        if name not in chosen if chosen else name in LONG:
            continue
        heading(f"== {name}")
        command = [sys.executable, "-c", f"from tests.bench.{path.stem} import main; main()"]
        ended = subprocess.run(command, cwd=here.parents[1], check=False)
        if ended.returncode:
            note(f"{path.name} ended with status {ended.returncode}: its figures are incomplete")


if __name__ == "__main__":
    main(sys.argv[1:])
