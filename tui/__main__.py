"""``python -m tui`` does what ``blotter`` does."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Run the command line and return its exit code.

    Loading makes next to no garbage, so the collector rests until what was asked for runs: until the desk
    is shown, or the server listens.
    """
    gc.disable()
    from tui.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
