"""``blotter profiles``: lists the profiles of the configuration and checks their servers side by side."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from tui.api.sanitize import clean
from tui.cli.config_commands import FAILED, OK, USAGE_ERROR
from tui.config import paths
from tui.config.load import load_settings
from tui.config.profiles import Access, resolve_access
from tui.config.settings import ENV, Profile, Settings
from tui.input_files.mistakes import CheckError, print_mistakes
from tui.secret import SecretError
from tui.service.server_check import OLDER, ServerCheck, check_server
from tui.signon import open_client, stakes, validate
from tui.standard_output import write_out
from tui.start import vocabulary

LISTED: Final = ("profile", "kind", "address", "signs on by")
CHECKED: Final = ("reached", "who", "trades", "clock", "latency", "API")
NOT_REACHED: Final = ("no", "", "", "", "", "")


class CheckedProfile(Struct, frozen=True):
    """A profile, what is wrong with its settings, and what its server said."""

    name: str
    access: Access | None
    fault: str = ""
    check: ServerCheck | None = None

    @property
    def trouble(self) -> str:
        """What keeps it from being used, in one sentence; empty when nothing does."""
        if self.fault or self.check is None:
            return self.fault
        if self.check.signed_on or self.access is None or not self.access.is_kept:
            return self.check.why
        return f"{self.check.why} A new token: blotter login --profile {self.name}"


def run_profiles(given: argparse.Namespace) -> int:
    """Carry out ``blotter profiles`` and return its exit code: 1 when a server cannot be used."""
    try:
        settings = load_settings(paths.config_file(), vocabulary)
        found = [_resolved(profile) for profile in _profiles(settings)]
        if not found:
            write_out(f"{paths.config_file()} has no profiles: blotter login --profile NAME makes one.")
            return OK
        if not given.offline:
            found = asyncio.run(_checked(found, given.timeout))
        for line in _lines(found, given.offline):
            write_out(line)
    except CheckError as error:
        return print_mistakes("blotter profiles", str(error), USAGE_ERROR)
    return FAILED if not given.offline and any(each.trouble for each in found) else OK


def _profiles(settings: Settings) -> Iterator[Profile]:
    """Yield the profiles of the configuration, and ``env`` where the SDK's variables name a server."""
    yield from settings.profiles.values()
    if ENV not in settings.profiles and any(name.startswith("FBN_") for name in os.environ):
        yield Profile(ENV)


def _resolved(profile: Profile) -> CheckedProfile:
    access = None
    try:
        access = resolve_access(profile, flags={}, environment=os.environ)
        validate(access)
    except (CheckError, SecretError) as error:
        return CheckedProfile(profile.name, access, fault=" ".join(str(error).splitlines()))
    return CheckedProfile(profile.name, access)


async def _checked(found: Iterable[CheckedProfile], seconds: float) -> list[CheckedProfile]:
    """Check all servers at the same time."""
    return list(await asyncio.gather(*(_with_check(each, seconds) for each in found)))


async def _with_check(each: CheckedProfile, seconds: float) -> CheckedProfile:
    if each.access is None or each.fault:
        return each
    client, close = open_client(each.access)
    try:
        check = await check_server(client, seconds=seconds)
    finally:
        await close()
    return CheckedProfile(each.name, each.access, check=check)


def _lines(found: Sequence[CheckedProfile], offline: bool) -> Iterator[str]:
    """Yield the table, then what is wrong, a sentence a line."""
    header = LISTED if offline else (*LISTED, *CHECKED)
    rows = [header, *(_cells(each, offline) for each in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for each in found:
        if each.trouble:
            yield clean(f"{each.name}: {each.trouble}")


def _cells(each: CheckedProfile, offline: bool) -> tuple[str, ...]:
    access = each.access
    address = clean(access.text("url")).rpartition("@")[2] if access else ""
    listed = (clean(each.name), stakes(access).value if access else "", address, _way(access))
    if offline:
        return listed
    check = each.check
    if check is None or access is None or not check.reached:
        return (*listed, *NOT_REACHED)
    return (
        *listed,
        "yes" if check.signed_on else "not signed on",
        clean(check.user),
        clean(check.may_write),
        _clock(check),
        "" if check.latency_ms is None else f"{check.latency_ms} ms",
        _api(access, check),
    )


def _way(access: Access | None) -> str:
    """Return how a profile signs on; never the secret itself."""
    if access is None:
        return ""
    if access.is_kept:
        return "login"
    if access.has_token:
        return "token file" if "token_file" in access.found else "access token"
    return "password" if access.signs_on else "nothing"


def _clock(check: ServerCheck) -> str:
    if not check.signed_on:
        return ""
    ahead = check.clock_ahead_s
    if ahead is None:
        return "agrees"
    return f"{abs(ahead):.0f} s {'fast' if ahead > 0 else 'slow'}"


def _api(access: Access, check: ServerCheck) -> str:
    """Return the generation of the API: what was found, where the profile says something else both."""
    said = access.text("generation") or "latest"
    if check.generation == OLDER:
        return f"{OLDER}, profile says {said}"
    return said
