"""One line per figure, the same for every benchmark.

``BENCH_BEFORE`` may name a file with what an earlier run printed: its figures stand beside the new ones.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Final

_FIGURE: Final = re.compile(r"  (\S.*?) +([\d,]+(?:\.\d+)?) (\S*)(?: +(?:target|before) .*)?")


def heading(text: str) -> None:
    """Print what the next lines are about."""
    global _heading
    _heading = text
    print(f"\n{text}", flush=True)


def note(text: str) -> None:
    """Print what a reader must know about the figures."""
    print(f"  {text}", flush=True)


def report(
    name: str, figure: float, target: float | None, unit: str, *, more_is_better: bool = False
) -> None:
    """Print ``figure`` beside ``target`` (None: there for comparison) and their ratio.

    A ratio of at most 1 is within the target, whichever way is better.
    """
    line = f"  {name:<52}{_number(figure):>11} {unit:<7}"
    if target is not None:
        if not (figure and target):
            ratio = inf if figure and not more_is_better else 0.0
        else:
            ratio = target / figure if more_is_better else figure / target
        line += f" target {_number(target):>9}  ratio {ratio:5.2f}{'' if ratio <= 1 else '  over'}"
    before = _BEFORE.get((_heading, name))
    if before is not None:
        line = f"{line.rstrip()}  before {before}"
    print(line.rstrip(), flush=True)


def _figures(path: Path) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the figures that an earlier run printed, by heading and name."""
    said = ""
    for line in path.read_text("utf-8").splitlines():
        figure = _FIGURE.fullmatch(line)
        if figure:
            yield (said, figure[1]), figure[2]
        elif line and not line.startswith(" "):
            said = line


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"


_heading = ""
_BEFORE: Final = dict(_figures(Path(os.environ["BENCH_BEFORE"]))) if "BENCH_BEFORE" in os.environ else {}
