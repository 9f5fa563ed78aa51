"""The settings and the profiles, without names, addresses and secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import to_builtins

from tui.config.profiles import SETTINGS, Access, resolve_access
from tui.config.settings import ENV, Profile, Settings
from tui.config.token_files import read_token
from tui.headless.doctor.complaint import Complaint
from tui.headless.doctor.token_facts import token_findings
from tui.headless.doctor.unsayable import Unsayable
from tui.input_files.mistakes import CheckError
from tui.secret import Secret, SecretError
from tui.signon import stakes, validate

_TOLD: Final = (
    *("theme", "transparent", "zone", "ascii", "plain_output", "refresh_seconds", "restore", "log_level"),
    *("first_screen", "keys", "exceptions", "journal"),
)
"""The settings whose values name nobody; of the others it is told whether they are set."""
_SAYING_WHO: Final = ("url", "token_url", "username", "client_id", "app_name", "proxy", "proxy_username")
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class ProfileExamination:
    """The profiles of the configuration, resolved once; their secrets are held, so that they are known."""

    def __init__(self, settings: Settings) -> None:
        self.accesses: dict[str, Access] = {}
        self.faults: dict[str, str] = {}
        self._tokens: list[Secret] = []
        for profile in _profiles(settings):
            try:
                access = resolve_access(profile, flags={}, environment=os.environ)
                self.accesses[profile.name] = access
                validate(access)
            except (CheckError, SecretError) as error:
                self.faults[profile.name] = " ".join(str(error).splitlines())

    def learn(self, unsayable: Unsayable) -> None:
        """Know the names, users and addresses of the profiles."""
        for name, access in self.accesses.items():
            unsayable.add("profiles and addresses", name)
            for setting in _SAYING_WHO:
                text = access.text(setting)
                unsayable.add("profiles and addresses", text)
                unsayable.add("profiles and addresses", urlsplit(text).hostname if "//" in text else "")
        for name in self.faults:
            unsayable.add("profiles and addresses", name)

    def facts(self) -> list[dict[str, Any]]:
        """Return what each profile is, and how it signs on."""
        return [_fact(access, name in self.faults) for name, access in self.accesses.items()]

    def findings(self, now: datetime) -> Iterator[Complaint]:
        """Yield the profiles that cannot be used, and tokens that end."""
        for name, fault in self.faults.items():
            yield Complaint(f"Profile {name}: {fault}")
        for name, access in self.accesses.items():
            token = access.secret("access_token")
            try:
                if token is None and (file := access.path("token_file")):
                    token = read_token(file)
            except SecretError:
                continue  # which is a fault of the profile already
            if token is not None:
                self._tokens.append(token)
                yield from token_findings(name, token, now)


def settings_facts(settings: Settings) -> dict[str, Any]:
    """Return the values of settings that name nobody, and how many there are of others."""
    told = {name: to_builtins(getattr(settings, name)) for name in _TOLD}
    return {
        **told,
        "sharedViews": "set" if settings.shared_views else "not set",
        "profiles": len(settings.profiles),
        "limits": len(settings.limits),
    }


def _profiles(settings: Settings) -> Iterator[Profile]:
    yield from settings.profiles.values()
    if ENV not in settings.profiles and any(name.startswith("FBN_") for name in os.environ):
        yield Profile(ENV)


def _fact(access: Access, is_faulty: bool) -> dict[str, Any]:
    address = urlsplit(access.text("url"))
    return {
        "kind": stakes(access).value,
        "scheme": address.scheme,
        "isThisMachine": address.hostname in _HERE,
        "signsOnBy": "token" if access.has_token else "password" if access.signs_on else "nothing",
        "tokenIsKept": access.is_kept,
        "set": sorted(setting.name for setting in SETTINGS if setting.name in access.found),
        "canBeUsed": not is_faulty,
    }
