"""The preview before anything is sent: where, what, how much, warnings, and one way to confirm.

Each tier is confirmed in its own way: Enter (T1), ``y`` (T2), the item count typed out (T3); a hard limit not
at all. Keys that were on their way before a person could read the dialog do not count, a paste never does,
no confirmation counts twice, and none before all of the summary was in sight. The summary of an emergency is
cut to what is in sight at once, and a key shows the rest. The dialog only answers; its caller sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final, Literal

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.screens.dialogs.dialog import GuardedDialog, content_width
from tui.screens.dialogs.preview_summary import (
    ALL,
    WARNINGS,
    all_warnings,
    is_cut,
    summary,
    wrapped,
)
from tui.service.verbs.verb import Tier
from tui.service.writes.preview import Preview
from widgets.key_bar import Hints, hints_of, key_for, key_hints
from widgets.key_names import key_list, key_words
from widgets.labelled_text import Builder, Flow, Lines

CHROME_LINES: Final = 5
"""Lines of the box around the text: the border, and the question under an empty line."""

CONFIRM: Final = "enter"
"""The key that sends, alone or after the count."""
DOWN: Final = key_words("pagedown")
"""The key that shows the next page."""
SMALLEST: Final = (40, 10)
"""Columns and lines of the smallest terminal in which a preview can be read and confirmed."""
YES: Final = "y"
"""The key that sends where Enter is too easily pressed."""
REQUEST: Final = "r"
"""The key that turns to the request."""
MARK: Final = "> "
"""Stands before a line that changed under the eyes of its reader."""

View = Literal["summary", "request", "warnings", "all"]


class PreviewDialog(GuardedDialog[bool]):
    """Shows ``preview`` and returns True when it was confirmed the way its tier requires, else False.

    ``curl`` is the request as a shell line, shown with ``r``; ``left_out`` says which rows of the selection
    it does not act on.
    """

    AUTO_FOCUS = None

    def __init__(self, preview: Preview, curl: str, *, left_out: str = "") -> None:
        super().__init__()
        self._left_out = left_out
        self._preview = preview
        self._curl = curl
        self._before: Preview | None = None
        self._revision = ""
        self._view: View = "summary"
        self._typed = ""
        self._seen = 0
        """Lines of the summary, counted from its first, that have been in sight."""
        self._all_seen = False
        self._told = False
        """Whether the question makes room for what is wrong with a key."""

    @property
    def is_filled(self) -> bool:
        """Whether leaving would lose something typed: the form behind a preview was filled in."""
        return True

    @property
    def preview(self) -> Preview:
        """The preview that is shown."""
        return self._preview

    def revise(self, preview: Preview, said: str = "", curl: str | None = None) -> None:
        """Show another preview of the same verb in the place of this one.

        ``said`` is what changed and when, as a sentence: it stands on top, the lines that differ from what
        was shown are marked, and the answer typed so far is void. Without it the new preview only tells more
        of the same, and the answer stays. ``curl`` is the request, where that changed too. An emergency stays
        ready to be confirmed.
        """
        if said:
            self._before, self._revision, self._typed = self._preview, said, ""
            self.guard_again()
        self._seen, self._all_seen = 0, self._all_seen and preview.emergency
        self._preview = preview
        self._curl = self._curl if curl is None else curl
        if not self.is_mounted:
            return
        if said:
            self._turn("summary")
        else:
            self._show()

    def leave_out(self, said: str) -> None:
        """Say which rows are not acted on, in the place of what was said before."""
        if said == self._left_out:
            return
        self._left_out = said
        self._seen, self._all_seen = 0, self._all_seen and self._preview.emergency
        if self.is_mounted:
            self._show()

    @property
    def awaited(self) -> bool:
        """Whether the rehearsal is under way, so that nothing can be confirmed yet."""
        return self._preview.awaited

    def compose(self) -> ComposeResult:
        environment, self._laid_out_for = self._preview.environment, self.app.size
        with self.box(str(environment), ()) as box:
            box.add_class(environment.kind.value.lower())
            with VerticalScroll(id="body", can_focus=False) as body:
                body.styles.max_height = self._room
                yield Flow(self._lines, id="text")
            yield Static("", id="question", markup=False)

    def on_mount(self) -> None:
        """Show the question, and note what is scrolled into sight."""
        self._show_question()
        self.watch(self.query_one("#body"), "scroll_y", self._look, init=False)

    def on_resize(self) -> None:
        """Set the text's height to what the question leaves; look anew at lines that break elsewhere now."""
        self._seen = 0
        if self.app.size == self._laid_out_for:
            self.call_after_refresh(self._look)
            return
        self._laid_out_for = self.app.size
        self.query_one("#body").styles.max_height = self._room
        self._show()

    @property
    def _too_small(self) -> bool:
        """Whether the terminal is too small to read a preview in."""
        return self.app.size.width < SMALLEST[0] or self.app.size.height < SMALLEST[1]

    def _look(self) -> None:
        """Note which lines of the summary are in sight, and whether all of them have been by now."""
        if self.dismissed:
            return
        body, text = self.query_one("#body"), self.query_one("#text", Flow)
        if self._view != "summary" or self._all_seen or self._too_small or not text.size.width:
            return
        if body.scroll_offset.y <= self._seen:
            self._seen = max(self._seen, body.scroll_offset.y + min(body.size.height, self._room))
        lines = len(text.lines(text.size.width))
        self._all_seen = lines <= self._room or self._seen >= lines
        self._show_question()

    def tell_not_latin(self, said: str) -> bool:
        """Say above the keys that one is of another script: a notice would cover the lines to be read."""
        if said:
            self.query_one("#question", Static).update(Content.styled(said, "bold $text-warning"))
            self._told = True
        elif self._told:
            self._told = False
            self._show_question()
        return bool(said)

    def action_back(self) -> None:
        """Go back to the summary; from there, close without confirming."""
        if self._view == "summary":
            self.dismiss(False)
        else:
            self._turn("summary")

    def act_on_key(self, key: str, character: str) -> None:
        """Scroll, show the request or the warnings, or decide."""
        if self._too_small:
            return
        body = self.query_one("#body")
        page = max(1, body.size.height - 1)
        scrolls = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -page, "pagedown": page}
        if key in scrolls:
            body.scroll_relative(y=scrolls[key], animate=False)
        elif key == REQUEST:
            self._turn("summary" if self._view == "request" else "request")
        elif key == WARNINGS and self._preview.soft:
            self._turn("summary" if self._view == "warnings" else "warnings")
        elif key == ALL and self._has_more:
            self._turn("summary" if self._view == "all" else "all")
        elif self._view == "summary":
            self._decide(key, character)

    def _decide(self, key: str, character: str) -> None:
        tier = self._preview.tier
        if self.awaited or not self._all_seen:
            return
        if (tier is Tier.T1 and key == CONFIRM) or (tier is Tier.T2 and character.lower() == YES):
            self.dismiss(True)
        elif tier is Tier.T3:
            self._type(key, character)

    def _type(self, key: str, character: str) -> None:
        """Add a digit to the count, or compare it."""
        count = str(self._preview.count)
        if key == CONFIRM and self._typed == count:
            self.dismiss(True)
        elif key == CONFIRM:
            wrong = f"{self._typed} is not the count. " if self._typed else ""
            self._typed = ""
            self._show_question(wrong)
        elif key == "backspace":
            self._typed = self._typed[:-1]
            self._show_question()
        elif character.isascii() and character.isdigit():
            self._typed = (self._typed + character)[-len(count) - 1 :]
            self._show_question()

    def _turn(self, view: View) -> None:
        self._view = view
        self._typed = ""
        self._show()
        self.query_one("#body").scroll_home(animate=False)

    def _show(self) -> None:
        if self._view == "summary":
            self._show_lines(self._lines)
        else:
            self._show_beside(self._view, self._preview)

    @work(group="lines", exclusive=True, description="lines")
    async def _show_beside(self, view: View, preview: Preview) -> None:
        """Show a view of perhaps thousands of lines; they are broken in another thread.

        Textual asks for them at both widths: without a scroll bar first, then with one.
        """
        width = content_width(self.size.width)
        made = await asyncio.to_thread(lambda: {each: self._lines(each) for each in (width, width - 1)})
        if self._view == view and self._preview is preview:
            self._show_lines(lambda now: made[now] if now in made else self._lines(now))

    def _show_lines(self, build: Builder) -> None:
        self.query_one("#text", Flow).show(build)
        self._show_question()
        self.call_after_refresh(self._look)

    def _show_question(self, wrong: str = "") -> None:
        question = self.query_one("#question", Static)
        question.display = not self._too_small
        if self._view == "summary" and not self._all_seen and self._preview.tier is not Tier.HARD:
            question.update(
                Content.styled(f"Scroll to the end first: {DOWN} reads on.", "bold $text-warning")
            )
        elif self._view == "summary":
            question.update(question_text(self._preview, self._typed, wrong))
        else:
            question.update(Content.styled("Go back to the summary to decide.", "dim"))
        self.query_one("#box").border_subtitle = key_hints(self._hints())

    def _hints(self) -> Hints:
        if self._view != "summary":
            back = key_for(self.BINDINGS, "back")
            return [(back, "summary"), (key_list(("up", "down")), "scroll")]
        if self._too_small:
            return hints_of(self.BINDINGS)
        confirm = key_words(CONFIRM)
        yes = {Tier.T1: confirm, Tier.T2: YES, Tier.T3: f"count, {confirm}"}
        hints = [(yes[self._preview.tier], "send")] if self._preview.tier in yes else []
        if not self._all_seen:
            hints = [(DOWN, "read on")]
        hints += [*hints_of(self.BINDINGS), (REQUEST, "request")]
        hints += [(ALL, "all lines")] if self._has_more else []
        return [*hints, (WARNINGS, "all warnings")] if self._preview.soft else hints

    @property
    def _has_more(self) -> bool:
        """Whether the summary leaves out lines, or may have to."""
        return self._preview.emergency or is_cut(self._preview)

    @property
    def _room(self) -> int:
        return max(2, self.app.size.height - CHROME_LINES)

    def _lines(self, width: int) -> Lines:
        if self._view == "request":
            heading = Content.styled("The request, without the token", "bold")
            return [heading, Content(""), *wrapped(self._curl.splitlines(), width)]
        if self._view == "warnings":
            return list(all_warnings(self._preview, width))
        if self._too_small:
            return wrapped([f"Too small: make it {SMALLEST[0]} x {SMALLEST[1]}"], width)
        sections = self._sections(width)
        if self._preview.emergency and self._view == "summary":
            return _cut([line for section in sections for line in section], self._room, width)
        if sum(len(section) + 1 for section in sections) - 1 <= self._room:
            return [line for section in sections for line in (Content(""), *section)][1:]
        return [line for section in sections for line in section]

    def _sections(self, width: int) -> list[Lines]:
        """Return the summary, with what the selection leaves out behind its head."""
        head, *rest = self._summary(width)
        left_out = [line.stylize("$text-warning") for line in wrapped([self._left_out], width)]
        return [head, *([left_out] if self._left_out else []), *rest]

    def _summary(self, width: int) -> list[Lines]:
        """Return the summary in sections; after a revision the lines that differ are marked."""
        whole = self._view == "all"
        if self._before is None:
            return summary(self._preview, width, whole=whole)
        narrower = width - len(MARK)
        before = summary(self._before, narrower, whole=whole)
        shown_before = {line.plain for section in before for line in section}
        said = [line.stylize("bold $text-warning") for line in wrapped([self._revision], width)]
        sections = summary(self._preview, narrower, whole=whole)
        return [said, *([_compared(line, shown_before) for line in section] for section in sections)]


def _cut(lines: Lines, most: int, width: int) -> Lines:
    """Return at most ``most`` lines, the last of which counts those left out."""
    if len(lines) <= most:
        return lines
    said = f"and {len(lines) - most + 1} more lines: {ALL} shows all"
    return [*lines[: most - 1], Content.styled(said, "dim").truncate(width, ellipsis=True)]


def _compared(line: Content, before: Collection[str]) -> Content:
    """Return a line with a mark in front of it when it is not one of those shown ``before``."""
    if line.plain in before:
        return line.pad_left(len(MARK))
    return Content.styled(MARK, "bold $text-warning") + line.stylize("bold")


def question_text(preview: Preview, typed: str, wrong: str) -> Content:
    """Return the question at the bottom of the dialog, with the keys that answer it."""
    confirm = key_words(CONFIRM)
    if preview.awaited:
        return Content.styled(preview.heading, "dim")
    if preview.tier is Tier.HARD:
        return Content.styled("This cannot be sent.", "bold $text-error")
    if preview.tier is Tier.T1:
        return Content.assemble("Press ", (confirm, "bold"), " to send.")
    if preview.tier is Tier.T2:
        return Content.assemble("Send it? ", (YES, "bold"), f" sends; {confirm} does nothing.")
    count = str(preview.count)
    return Content.assemble(
        (wrong, "$text-error"),
        "Type the count, ",
        (count, "bold"),
        f", and {confirm} to send: ",
        (f"{typed}_", "bold"),
    )
