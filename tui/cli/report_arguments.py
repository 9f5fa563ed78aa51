"""``blotter report``: its arguments."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tui.cli.options import add_desk

if TYPE_CHECKING:
    from tui.cli.options import Commands


def add_report(commands: Commands) -> None:
    """Add ``report`` to the commands."""

    def run(given: argparse.Namespace) -> int:
        from tui.cli.report_command import run_report_day

        return run_report_day(given)

    report = commands.add_parser("report", help="add up the desk")
    reports = report.add_subparsers(dest="report", metavar="REPORT", required=True)
    day = reports.add_parser(
        "day", help="what was traded on a day, what is left of it, and who did what, as the panes add it up"
    )
    day.set_defaults(run=run)
    add_desk(day)
    day.add_argument(
        "--date",
        metavar="DAY",
        help="a day of the desk's zone, such as 2026-11-20 or yesterday; today if not said",
    )
    day.add_argument(
        "--instruments", action="store_true", help="the instruments of each sum too; CSV and JSON have them"
    )
    form = day.add_mutually_exclusive_group()
    form.add_argument(
        "--markdown",
        dest="form",
        action="store_const",
        const="markdown",
        help="tables of Markdown: the default",
    )
    form.add_argument("--csv", dest="form", action="store_const", const="csv", help="CSV, all digits")
    form.add_argument("--json", dest="form", action="store_const", const="json", help="one JSON document")
    day.set_defaults(form="markdown")
