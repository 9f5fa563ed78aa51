"""``blotter doctor``: its arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.options import add_desk

if TYPE_CHECKING:
    from tui.cli.options import Commands


def add_doctor(commands: Commands) -> None:
    """Add ``doctor`` to the commands."""

    def run(given: argparse.Namespace) -> int:
        from tui.cli.doctor_command import run_doctor

        return run_doctor(given)

    doctor = commands.add_parser(
        "doctor",
        help="say what looks wrong, and write a file about it that can be sent: no secret, name or position",
    )
    doctor.set_defaults(run=run)
    add_desk(doctor)
    doctor.add_argument(
        "--to",
        type=Path,
        metavar="FOLDER",
        help="where the file is written: the folder of exports if not said",
    )
