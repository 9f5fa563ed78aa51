"""The thin wire: a driver for Textual that sends what differs from what the terminal shows.

Textual sends every region it takes for changed. Over a slow line that is what one waits for, so this stands
between: :mod:`driver` is Textual's own driver with its writing replaced; :mod:`writer` writes and never
waits; :mod:`wire` keeps what the terminal shows beside what Textual has drawn and gives the difference, of
which :mod:`strips` and :mod:`pens` read the one half and :mod:`paint` writes the other; :mod:`line` says how
much may be on its way; :mod:`meter` counts.

It knows Textual and nothing of trading. An app takes it with three lines::

    wire = wire_to_terminal(os.environ)
    app = MyApp(driver_class=wire.driver_class if wire else None)
    app.run()

and has a key call ``wire.forget()``: it draws over what anybody else wrote to the terminal, and so does
whoever writes there past the driver.

Two promises hold it together. *Exact*: after every frame each cell, its pen and the cursor are what Textual
alone would have left; what is not understood is passed on as it came. *Newest first*: a frame that was
overtaken before it was written is never written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.thinwire.driver import Wire


def wire_to_terminal(environment: Mapping[str, str]) -> Wire | None:
    """Give a wire to the terminal this program runs in; None where Textual's own driver is the one to use.

    That is where there is no terminal, or one that moves no cursor, or where Textual was told what driver
    to take (``TEXTUAL_DRIVER``, as for the web), or on Windows.
    """
    terminal = all(file is not None and file.isatty() for file in (sys.__stdin__, sys.__stderr__))
    if not terminal or environment.get("TERM", "dumb") in ("", "dumb", "unknown"):
        return None
    if "TEXTUAL_DRIVER" in environment or os.name != "posix":
        return None
    from tui.thinwire.driver import Wire

    return Wire()
