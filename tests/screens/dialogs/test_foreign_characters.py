"""A server's text in the fields of a form: shown as data, whatever it holds, and sent back as it came."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import msgspec
import pytest

from tests.blotter_app import Blotter, blotter
from tui.api.http import AsyncBaseTransport
from tui.api.sanitize import clean
from tui.service.environment import EnvironmentKind
from widgets.editor import LineEditor
from widgets.fields import Field, entry_of
from widgets.form import FormFields, explanation

FOREIGN = {
    "escape": "\x1b[31m",
    "clipboard": "\x1b]52;c;aGVsbG8=\x07",
    "C1": "\x9b31m",
    "next line": "\x85",
    "line break": "\r\n",
    "tab": "\t",
    "right to left": "\u202e",
    "isolate": "\u2066",
    "zero width": "\u200b",
    "line separator": "\u2028",
    "byte order mark": "\ufeff",
    "tag": "\U000e0041",
    "soft hyphen": "\u00ad",
    "filler": "\u3164",
    "braille blank": "\u2800",
    "joiner of graphemes": "\u034f",
    "interlinear": "\ufff9",
}
OURS = "BAL-60"
"""The portfolio that the other server knows by another code, if nothing else is said."""


def hostile(foreign: str) -> str:
    return f"BAL{foreign}X"


class OtherServer(AsyncBaseTransport):
    """A server that has taken an id LUSID would refuse: what the demo calls ``ours`` has another code."""

    def __init__(self, server: AsyncBaseTransport, code: str, ours: str) -> None:
        self.server = server
        self.code = code
        self.ours = ours
        self.sent: list[tuple[str, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append((request.url.path, request.content))
        known = request.content.replace(msgspec.json.encode(self.code), json.dumps(self.ours).encode())
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        answer = await self.server.handle_async_request(
            httpx.Request(request.method, request.url, headers=headers, content=known)
        )
        content = (await answer.aread()).replace(
            json.dumps(self.ours).encode(), json.dumps(self.code).encode()
        )
        return httpx.Response(
            answer.status_code, headers={"content-type": "application/json"}, content=content
        )


def with_code(
    code: str, *, instead_of: str = OURS
) -> tuple[Callable[[AsyncBaseTransport], AsyncBaseTransport], list[OtherServer]]:
    made: list[OtherServer] = []

    def wrap(server: AsyncBaseTransport) -> AsyncBaseTransport:
        made.append(OtherServer(server, code, instead_of))
        return made[0]

    return wrap, made


def form_text(user: Blotter) -> str:
    """Return what the fields of the open form draw, and what is said beneath them."""
    fields = user.app.screen.query_one(FormFields)
    x, y, width, height = fields.region
    strips = user.app.screen._compositor.render_strips()[y : y + height]
    return "".join(segment.text for strip in strips for segment in strip.crop(x, x + width))


@pytest.mark.parametrize(
    "foreign",
    [
        FOREIGN["escape"] + FOREIGN["C1"],
        FOREIGN["clipboard"] + FOREIGN["line break"],
        FOREIGN["right to left"] + FOREIGN["zero width"] + FOREIGN["soft hyphen"] + FOREIGN["tag"],
    ],
    ids=["colours", "clipboard", "invisible"],
)
async def test_no_field_of_a_form_shows_what_acts_on_a_terminal_and_ids_are_sent_as_they_came(
    foreign: str,
) -> None:
    code = hostile(foreign)
    wrap, made = with_code(code)
    async with blotter(wrap=wrap, kind=EnvironmentKind.TEST) as user:

        def all_is_plain() -> None:
            drawn = form_text(user)
            assert drawn == clean(drawn)

        await user.go("orders", "ORD-00005")
        await user.press("u")
        await user.form()
        all_is_plain()
        assert clean(code) in form_text(user)
        fields = user.app.screen.query_one(FormFields)
        while fields.current != "portfolio":
            await user.press("down")
            all_is_plain()
        await user.press("left")
        all_is_plain()
        await user.press(*["left"] * len(code))
        all_is_plain()
        await user.press("escape")

        await user.go("orders", "ORD-00004")
        await user.press("u")
        await user.fill("portfolio", "BAL")
        all_is_plain()
        await user.press("tab")
        all_is_plain()
        await user.press("enter")
        await user.confirm("y")
        await user.report()
    [update] = [body for path, body in made[0].sent if path.lower().endswith("/updateorders")]
    [order] = json.loads(update).values()
    assert order["portfolioId"]["code"] == code


async def test_the_help_of_a_field_that_names_portfolios_shows_nothing_foreign() -> None:
    code = hostile(FOREIGN["escape"] + FOREIGN["clipboard"])
    wrap, _ = with_code(code)
    async with blotter(wrap=wrap, kind=EnvironmentKind.TEST) as user:
        await user.press("n")
        await user.form()
        fields = user.app.screen.query_one(FormFields)
        while fields.current != "orders":
            await user.press("down")
        drawn = form_text(user)
        assert clean(code) in drawn
        assert drawn == clean(drawn)


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_choices_messages_and_completions_show_nothing_foreign(foreign: str) -> None:
    code = hostile(foreign)
    choice = entry_of(Field("block", "Block", kind="choice", value=code, choices=(code, "other")))
    typed = entry_of(Field("block", "Block", choices=(code, "BALANCED"), echo=lambda text: f"to {code}"))
    wrong = entry_of(Field("block", "Block", value=code, check=lambda text: f"'{code}' is not here."))
    for letter in "BAL":
        typed.handle_key(letter, letter)
    for entry in (choice, typed, wrong):
        drawn = [text for text, _ in entry.render(60, focused=True) + entry.render(60, focused=False)]
        said = [entry.message()[0], explanation(entry).plain]
        for text in drawn + said:
            assert text == clean(text)
    assert choice.value == code


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_what_is_shown_is_as_long_as_what_is_held_and_editing_keeps_the_rest(foreign: str) -> None:
    code = hostile(foreign)
    line = LineEditor(code)
    assert len(clean(code)) == len(code)
    assert line.window(60) == (clean(code), len(code))
    line.handle_key("backspace", None)
    assert line.value == code[:-1]


def test_words_of_any_language_are_shown_as_they_are() -> None:
    for text in ("Zürich", "株式会社", "Ελλάδα", "ação 5 %", "£1,000"):
        assert clean(text) == text
