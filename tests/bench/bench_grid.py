"""The grid through a real terminal, beside Textual's DataTable in the same run."""

from __future__ import annotations

import sys
from statistics import median, quantiles

from tests.bench.report import heading, note, report
from tests.bench.terminal import ProgramOutput, PtyTerminal

SIZES = (1_000, 10_000, 100_000)
TABLE_SIZES = (1_000, 10_000)
MOVES, ROUNDS = 40, 3
"""Moves that stay within the screen, and how often they are made."""
DOWN, PAGE_DOWN = b"\x1b[B", b"\x1b[6~"
TOP = {"grid": b"\x1b[H", "table": b"\x1b[1;5H"}


def main() -> None:
    """Measure both widgets at every size."""
    note("200x50, xterm-256color; times are from the key to the last byte of the answer")
    note("by the processor: without the time that other programs had it meanwhile")
    note("as in the blotter, the garbage collector looks at none of the rows once they are loaded")
    for rows in SIZES:
        measure("grid", rows)
    for rows in TABLE_SIZES:
        measure("table", rows)
    note("DataTable is left out at 100,000 rows, where loading alone takes minutes")


def measure(kind: str, rows: int) -> None:
    """Drive one widget with ``rows`` rows through every figure."""
    ours = kind == "grid"
    heading(f"{'our grid' if ours else 'DataTable'}, {rows:,} rows")

    def line(name: str, figure: float, target: float, unit: str) -> None:
        report(name, figure, target if ours else None, unit)

    with PtyTerminal([sys.executable, "-m", "tests.bench.pty_app", kind, str(rows)]) as terminal:
        terminal.wait_for(b"ready")
        terminal.drain(0.5)
        loaded = terminal.press(b"l", until=b"ORD-0000")
        line("data in memory to painted", loaded.seconds * 1000, 500, "ms")
        moves: list[ProgramOutput] = []
        worked: list[float] = []
        for _ in range(ROUNDS):
            for _ in range(MOVES):
                before = terminal.worked()
                moves.append(terminal.press(DOWN))
                worked.append(terminal.worked() - before)
            terminal.press(TOP[kind])
        line("cursor down, median", median(move.seconds for move in moves) * 1000, 6, "ms")
        line("cursor down, p99", percentile_99([move.seconds for move in moves]) * 1000, 16, "ms")
        line("cursor down, median by the processor", median(worked) * 1000, 6, "ms")
        line("cursor down, p99 by the processor", percentile_99(worked) * 1000, 16, "ms")
        line("cursor down, bytes", size(moves), 1024, "bytes")
        pages = [terminal.press(PAGE_DOWN) for _ in range(12)]
        line("page, median", median(page.seconds for page in pages) * 1000, 16, "ms")
        line("page, bytes", size(pages), 24 * 1024, "bytes")
        ticks = [terminal.press(b"t") for _ in range(12)]
        line("ten changed cells, median", median(tick.seconds for tick in ticks) * 1000, 16, "ms")
        line("ten changed cells, bytes", size(ticks), 5 * 1024, "bytes")
        updates = [terminal.press(b"u", until=b"updated") for _ in range(7)]
        line("1,000 random cell updates", median(update.seconds for update in updates) * 1000, 30, "ms")
        line("sort", terminal.press(b"s").seconds * 1000, 150, "ms")
        line("memory at its highest", terminal.resident(), 130, "MiB")


def percentile_99(seconds: list[float]) -> float:
    """Return the 99th percentile: of so few moves it is all but the longest."""
    return quantiles(seconds, n=100)[-1]


def size(answers: list[ProgramOutput]) -> float:
    """Return the typical number of bytes of an answer."""
    return float(median(len(answer.output) for answer in answers))


if __name__ == "__main__":
    main()
