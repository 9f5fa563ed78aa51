"""The SDK examples of README and manual work as written, except for port and token."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.compat.sdk import lusid
from tests.compat.serving import served
from tests.paths import ROOT

README = "\n".join((ROOT / file).read_text(encoding="utf-8") for file in ("README.md", ".github/MANUAL.md"))


def shown(language: str) -> str:
    """Return the piece of code in ``language`` that is for the SDK."""
    pieces: list[str] = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    (piece,) = (piece for piece in pieces if "lusid" in piece)
    return piece


def meant(piece: str, url: str, token: str) -> str:
    """Return ``piece`` for the server at ``url``."""
    return piece.replace("http://127.0.0.1:8011", url.removesuffix("/api")).replace("TOKEN", token)


def test_the_snippet_tells_the_history_of_an_order() -> None:
    names: dict[str, Any] = {}
    with served("--size", "demo") as server:
        exec(meant(shown("python"), server.url, server.token), names)
    assert names["history"].values[-1].action == "OrderCreated"


def test_the_secrets_sign_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with served("--size", "demo") as server:
        text = meant(shown("json"), server.url, server.token)
        json.loads(text)
        Path("secrets.json").write_text(text, encoding="utf-8")
        with lusid.extensions.SyncApiClientFactory() as factory:
            orders = factory.build(lusid.OrdersApi).list_orders(limit=1)
    assert len(orders.values) == 1
