"""``blotter login``: asks for a personal access token, checks it, and keeps it for a profile."""

from __future__ import annotations

import argparse
import asyncio
import sys
from getpass import getpass
from typing import Final

from tui.api import urls
from tui.cli.config_commands import FAILED, OK, USAGE_ERROR, change_file
from tui.config import paths
from tui.config.addresses import api_address
from tui.config.kept_tokens import KEYRING, forget_token, keep_token
from tui.config.load import load_settings
from tui.config.profiles import Access, Found, resolve_access
from tui.config.settings import ENV, Profile, Settings
from tui.config.token_files import check_token
from tui.input_files.mistakes import CheckError, print_mistakes
from tui.input_files.toml_lines import key_text
from tui.secret import Secret, SecretError
from tui.service.server_check import ServerCheck, check_server
from tui.signon import open_client, stakes, validate
from tui.standard_output import write_out
from tui.start import vocabulary

CHECK_S: Final = 30.0
"""How long the server may take to tell who signs on, in seconds."""
COMMAND: Final = "blotter login"
NOTHING_KEPT: Final = "Nothing is kept."


class _Stopped(Exception):
    """The user typed nothing, or stopped."""


def run_login(given: argparse.Namespace) -> int:
    """Carry out ``blotter login`` and return its exit code."""
    try:
        settings = load_settings(paths.config_file(), vocabulary)
        if given.profile == ENV:
            raise CheckError(f"The profile {ENV} signs on by variables and secrets.json; name another one.")
        if not given.profile:
            raise CheckError(_which(settings))
        if given.forget:
            return _forget(given.profile)
        return _log_in(given, settings)
    except (CheckError, SecretError) as error:
        return print_mistakes(COMMAND, str(error), USAGE_ERROR)
    except (_Stopped, KeyboardInterrupt):
        return print_mistakes(COMMAND, f"Stopped. {NOTHING_KEPT}", FAILED)
    except OSError as error:
        return print_mistakes(
            COMMAND, f"{error.filename or 'A file'} cannot be used: {error.strerror}.", FAILED
        )


def _which(settings: Settings) -> str:
    known = ", ".join(sorted(settings.profiles.keys() - {ENV}))
    there = f"there are: {known}" if known else "a new name makes a new profile"
    return f"--profile NAME says for which environment; {there}."


def _forget(name: str) -> int:
    places = forget_token(name)
    if not places:
        write_out(f"No token is kept for profile {name}.")
    for place in places:
        write_out(f"The token of profile {name} in {place} is forgotten. It stays valid until it is revoked.")
    return OK


def _log_in(given: argparse.Namespace, settings: Settings) -> int:
    known = settings.profiles.get(given.profile)
    url = _address(given, known)
    profile = known or Profile(given.profile, entries={"url": url}, limits=settings.limits)
    piped = given.token_stdin or not sys.stdin.isatty()
    token = Secret((sys.stdin.readline() if piped else _typed(f"Token for {url}")).strip())
    if not token.reveal():
        raise _Stopped
    check_token(token, "What was given")
    said = resolve_access(profile, flags={}, environment={}, kept=False)
    others = {name: found for name, found in said.found.items() if name != "token_file"}
    access = Access(profile.name, profile.kind, {**others, "access_token": Found(token, "what was given")})
    validate(access)
    check = asyncio.run(_check(access))
    if not check.signed_on:
        words = f"{url}: {check.why} {NOTHING_KEPT}"
        return print_mistakes(COMMAND, words, FAILED)
    if known is None:
        change_file(key_text("profiles", profile.name, "url"), url)
    place = keep_token(profile.name, url, token)
    for line in _told(access, check, place, said):
        write_out(line)
    return OK


def _address(given: argparse.Namespace, known: Profile | None) -> str:
    """Return the address of the profile's server: the profile's own, else the one that is given or typed."""
    named = given.url or ""
    if not named and known is None:
        if given.token_stdin or not sys.stdin.isatty():
            raise CheckError(f"There is no profile {given.profile} yet: name its address by --url.")
        named = _asked("Address of LUSID, such as https://x.lusid.com: ")
    if named and "://" not in named:
        bare = urls.parse(f"//{named}")
        here = bare is not None and urls.is_loopback(bare.hostname or "")
        named = f"{'http://' if here else 'https://'}{named}"
    url = api_address(named)
    own = api_address(known.entries.get("url", "")) if known else ""
    if own and url and url != own:
        raise CheckError(
            f"Profile {given.profile} is for {own}, not for {url}. Name another profile, or change it: "
            f"blotter config set {key_text('profiles', given.profile, 'url')} {url}"
        )
    return own or url


def _asked(prompt: str) -> str:
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline().strip()
    if not line:
        raise _Stopped
    return line


def _typed(what: str) -> str:
    """Return what is typed, which is shown nowhere."""
    try:
        return getpass(f"{what} (it is not shown): ")
    except EOFError:
        raise _Stopped from None


async def _check(access: Access) -> ServerCheck:
    client, close = open_client(access)
    try:
        return await check_server(client, seconds=CHECK_S)
    finally:
        await close()


def _told(access: Access, check: ServerCheck, place: str, said: Access) -> list[str]:
    """Return what became of it, a sentence a line."""
    kind = stakes(access).value
    lines = [
        f"Signed on at {access.text('url')}{f' as {check.user}' if check.user else ''}.",
        f"May trade: {check.rights}.",
        f"The token is kept in {place}{'' if place == KEYRING else ', yours alone'}.",
    ]
    if check.why:
        lines.insert(1, check.why)
    if said.has_token or said.signs_on:
        used = said.origin("token_file") or said.origin("access_token") or said.origin("password")
        lines.append(f"It is used once {used} is taken away: what the profile says goes first.")
    lines.append(f"blotter --profile {access.profile} opens the desk, marked {kind}.")
    return lines
