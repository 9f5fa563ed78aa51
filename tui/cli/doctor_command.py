"""Runs ``blotter doctor``: examines, writes the bundle, and says what is in it and what looks wrong."""

from __future__ import annotations

import argparse
import asyncio
import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tui.api.sanitize import clean
from tui.config import paths
from tui.config.load import load_settings
from tui.config.settings import Settings
from tui.headless.doctor.bundle import ABOUT, WrittenBundle, bundle_name, write_bundle
from tui.headless.doctor.complaint import Complaint
from tui.headless.doctor.examination import Examination, examine
from tui.headless.exit_codes import ExitCode
from tui.input_files.mistakes import CheckError
from tui.standard_output import write_out
from tui.start import vocabulary


def run_doctor(given: argparse.Namespace) -> int:
    """Examine, write the bundle and return the exit code: 0 when nothing is wrong, else 1."""
    gc.enable()
    settings: Settings | None = None
    why = ""
    try:
        settings = load_settings(paths.config_file(), vocabulary)
    except (CheckError, OSError) as error:
        why = " ".join(str(error).splitlines())
    found = asyncio.run(examine(given, settings, why))
    now = datetime.now(UTC)
    for line in _written(found, given.to, now):
        write_out(clean(line))
    write_out("")
    for line in _diagnosis(found):
        write_out(clean(line))
    return ExitCode.DONE if found.is_fine else ExitCode.FAILED


def _written(found: Examination, folder: Path | None, now: datetime) -> Iterator[str]:
    """Write the bundle and yield what is in it and what was taken out."""
    try:
        path = (folder.expanduser() if folder else paths.data_dir() / "exports") / bundle_name(now)
        written = write_bundle(path, found.documents, found.unsayable, now)
    except OSError as error:
        said = f"The file for others cannot be written: {error.filename}: {error.strerror}."
        found.findings.append(Complaint(said, "Name another folder: --to FOLDER."))
        return
    yield f"{written.path} can be sent: it holds no secret, name, id or position."
    yield from _contents(written)
    stripped = sorted(found.unsayable.stripped.items())
    if stripped:
        yield f"Taken out as ***: {', '.join(f'{count:,} {kind}' for kind, count in stripped)}."
    yield f"It was looked through for {len(found.unsayable):,} words and numbers of yours."
    for name in written.left_out:
        yield f"{name} was left out: something of yours could not be taken out of it."


def _contents(written: WrittenBundle) -> Iterator[str]:
    width = max(map(len, written.sizes), default=0)
    for name, size in written.sizes.items():
        yield f"  {name:{width}}  {size:>7,} bytes  {ABOUT[name]}"


def _diagnosis(found: Examination) -> Iterator[str]:
    wrong = [each for each in found.findings if not each.harmless]
    worth_knowing = [each for each in found.findings if each.harmless]
    yield "This looks wrong:" if wrong else "Nothing looks wrong."
    yield from (f"- {each}" for each in wrong)
    if worth_knowing:
        yield "Worth knowing:"
        yield from (f"- {each}" for each in worth_knowing)
