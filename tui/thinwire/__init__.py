"""A driver for Textual that sends only the difference from what the terminal already shows.

Textual sends every region that it considers changed. On a slow line the user waits for those bytes.
The modules:

- :mod:`driver` is Textual's own driver with its output replaced.
- :mod:`terminal_writer` writes to the terminal and never blocks.
- :mod:`wire` keeps what the terminal shows beside what Textual has drawn and returns the difference;
  :mod:`runs` and :mod:`cell_styles` parse Textual's output, :mod:`painter` writes the difference.
- :mod:`background` asks for the terminal's background and follows it.
- :mod:`flow_control` limits how many bytes are in flight.
- :mod:`meter` counts.

The package knows Textual and nothing of trading. An app uses it with three lines::

    wire = wire_to_terminal(os.environ)
    app = MyApp(driver_class=wire.driver_class if wire else None)
    app.run()

The app should bind a key to ``wire.invalidate()``, which draws over whatever another program wrote to the
terminal. Code that writes to the terminal past the driver should call it too.

The package makes two promises. *Exact*: after every frame each cell, its style and the cursor are what
Textual alone would have left; output that is not understood is passed on unchanged. *Newest first*: a frame
that a newer one overtook before it was written is never written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tui.thinwire.driver import WireHandle

VARIABLE: Final = "COLORFGBG"
"""Terminals name their colours here: the last number is that of the background."""
_LIGHT_NUMBERS: Final = frozenset(("7", *map(str, range(9, 16))))


def says_dark(environment: Mapping[str, str]) -> bool:
    """Return whether the environment's variables call the background dark, as it is when they say nothing."""
    return environment.get(VARIABLE, "").rpartition(";")[2] not in _LIGHT_NUMBERS


def wire_to_terminal(environment: Mapping[str, str]) -> WireHandle | None:
    """Return a handle for the terminal this program runs in; None where Textual's own driver should be used.

    That is the case without a terminal, on a terminal that cannot move its cursor, when ``TEXTUAL_DRIVER``
    names a driver (as for the web), and on Windows.
    """
    terminal = all(file is not None and file.isatty() for file in (sys.__stdin__, sys.__stderr__))
    if not terminal or environment.get("TERM", "dumb") in ("", "dumb", "unknown"):
        return None
    if "TEXTUAL_DRIVER" in environment or os.name != "posix":
        return None
    from tui.thinwire.driver import WireHandle

    return WireHandle()
