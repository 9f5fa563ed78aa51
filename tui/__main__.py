"""``python -m tui`` does what ``blotter`` does."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and give its exit code."""
    from tui.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
