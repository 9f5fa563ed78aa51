"""The summary of a preview as lines: what is asked, what is odd, how much, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from rich.cells import cell_len
from textual.content import Content

from tui.api.sanitize import clean
from tui.api.states import direction_of
from tui.columns.format import side_role
from tui.columns.unknown import UNKNOWN
from tui.service.numbers import money_digits, number_text
from tui.service.verbs.verb import Tier
from tui.service.wire_words import in_words
from tui.service.writes.preview import Preview, PreviewWarning, ShareTable, SideTotal
from widgets.grid.text import fit
from widgets.labelled_text import Lines, hanging_indent, label_width

MOST_WARNINGS: Final = 5
MOST_EFFECTS: Final = 5
WARNINGS: Final = "w"
"""The key that turns to all warnings."""
ALL: Final = "a"
"""The key that turns to all lines of a summary that counts some of them only."""


def is_cut(preview: Preview) -> bool:
    """Return whether the summary counts some of its items or of what comes of them without saying them."""
    shares = preview.shares.rows if preview.shares else ()
    said = (preview.effects, preview.positions, preview.afterwards, shares)
    return preview.count > len(preview.largest) or any(len(texts) > MOST_EFFECTS for texts in said)


def summary(preview: Preview, width: int, *, whole: bool = False) -> list[Lines]:
    """Return the summary in sections, in the order of the conventions; ``whole`` names every item."""
    head = [line.stylize("bold") for line in wrapped([preview.headline], width)]
    hard = [line for text in preview.hard for line in _marked("No: ", clean(text), "$text-error", width)]
    totals = _totals(preview.totals, width)
    if preview.typical:
        totals += Content.styled(clean(preview.typical), "dim").wrap(width)
    effects = _first(preview.effects, width, whole=whole)
    refused = preview.tier is Tier.HARD
    afterwards = [] if refused else _first(preview.afterwards, width, whole=whole)
    if preview.heading and (preview.uncertain or not refused):
        style = "bold $text-warning" if preview.uncertain else "dim"
        afterwards[:0] = [line.stylize(style) for line in wrapped([preview.heading], width)]
    warned = _warned(preview.soft, width)
    items = _items(preview, width) if whole else _largest(preview, width)
    positions = _first(preview.positions, width, whole=whole)
    shares = [] if refused or preview.shares is None else _shares(preview.shares, width, whole=whole)
    sections = [head, hard, warned, totals, items, positions, effects, afterwards, shares]
    return [section for section in sections if section]


def _first(texts: Sequence[str], width: int, *, whole: bool) -> Lines:
    """Return the first of many sentences, and how many more there are; the ``whole`` is all of them."""
    if whole or len(texts) <= MOST_EFFECTS:
        return wrapped(texts, width)
    said = f"and {len(texts) - MOST_EFFECTS:,} more: {ALL} shows all"
    return [*wrapped(texts[:MOST_EFFECTS], width), Content.styled(said, "dim")]


def _items(preview: Preview, width: int) -> Lines:
    """Return every item of several in words, in the order asked."""
    return wrapped(preview.items.values(), width) if preview.count > 1 else []


def all_warnings(preview: Preview, width: int) -> Iterable[Content]:
    """Return every warning, grouped by kind."""
    for at, warning in enumerate(preview.soft):
        if at:
            yield Content("")
        yield Content.styled(_label(warning), _label_style(warning))
        for text in warning.texts or (warning.text,):
            yield from _marked("  ", clean(text), "", width)


def _warned(warnings: Sequence[PreviewWarning], width: int) -> Lines:
    shown = warnings[:MOST_WARNINGS]
    labels = [_label(each) for each in shown]
    indent = label_width(labels, width)
    lines: Lines = []
    for label, warning in zip(labels, shown, strict=True):
        said = Content(clean(warning.text))
        lines += hanging_indent(Content.styled(label, _label_style(warning)), said, indent, width)
    rest = sum(warning.count for warning in warnings[MOST_WARNINGS:])
    if rest:
        lines.append(Content.styled(f"and {rest:,} more: {WARNINGS} shows all", "$text-warning"))
    return lines


def _label(warning: PreviewWarning) -> str:
    return clean(warning.kind) + (f" ({warning.count:,})" if warning.count > 1 else "")


def _label_style(warning: PreviewWarning) -> str:
    return "bold $text-accent" if warning.refusal else "bold $text-warning"


def _totals(totals: Sequence[SideTotal], width: int) -> Lines:
    """Return the sums in columns, numbers on their decimal points, and behind them what is not known."""
    if not totals:
        return []
    columns = (
        ["side", *(clean(in_words(each.side)) for each in totals)],
        ["items", *(f"{each.count:,}" for each in totals)],
        ["quantity", *_on_decimal_points([_quantity(each) for each in totals])],
        ["notional", *_worths([(each.notional, each.currency) for each in totals])],
    )
    widths = [max(map(cell_len, column)) for column in columns]
    lines: Lines = []
    for at, (side, *figures) in enumerate(zip(*columns, strict=True)):
        style = _side_style(side) if at else "dim"
        right = "".join(f"  {text:>{each}}" for text, each in zip(figures, widths[1:], strict=True))
        line = Content.styled(side.ljust(widths[0]), style) + Content.styled(right, "" if at else "dim")
        note = _not_known(totals[at - 1]) if at else ""
        lines += (line + Content.styled(f"  {note}" if note else "", "$text-warning")).wrap(width)
    return lines


def _quantity(total: SideTotal) -> str:
    if total.in_money:
        return ""
    return UNKNOWN if total.quantity is None else number_text(total.quantity)


def _not_known(total: SideTotal) -> str:
    """Return why a sum is not known, in words."""
    said = ((total.unsized, "size"), (total.unpriced, "price"))
    return ", ".join(f"no {what} for {count:,}" for count, what in said if count)


def _worths(amounts: Sequence[tuple[Decimal | None, str]]) -> list[str]:
    """Return money in a column, on its decimal points; what is not known is ``?``."""
    texts = [UNKNOWN if amount is None else money_digits(amount, currency) for amount, currency in amounts]
    codes = [clean(currency) for _, currency in amounts]
    widest = max(map(cell_len, codes), default=0)
    aligned = _on_decimal_points(texts)
    return [f"{text} {code:<{widest}}" for text, code in zip(aligned, codes, strict=True)]


def _on_decimal_points(numbers: Sequence[str]) -> list[str]:
    """Return numbers as they stand in a column that is aligned at the right.

    >>> _on_decimal_points(["1,200", "7.50", "?"])
    ['1,200   ', '    7.50', '       ?']
    """
    parts = [number.partition(".") for number in numbers]
    before = max((len(whole) for whole, _, _ in parts), default=0)
    behind = max((len(point + rest) for _, point, rest in parts), default=0)
    return [
        UNKNOWN.rjust(before + behind) if whole == UNKNOWN else f"{whole:>{before}}{point + rest:<{behind}}"
        for whole, point, rest in parts
    ]


def _largest(preview: Preview, width: int) -> Lines:
    """Return the largest of several items in words behind their money; all of them when they are few."""
    if preview.count == 1:
        return []
    worths = _worths([(line.notional, line.currency) for line in preview.largest])
    beside = max(map(cell_len, worths), default=0) + 2
    lines: Lines = []
    if preview.count > len(worths):
        heading = f"largest {len(worths)} of {preview.count:,}: {ALL} shows all"
        lines.append(Content.styled(heading, "dim"))
    for worth, line in zip(worths, preview.largest, strict=True):
        said = Content(clean(preview.items.get(line.ref) or str(line.ref)))
        side = clean(in_words(line.side))
        if side and said.plain.startswith(side):
            said = said.stylize(_side_style(side), 0, len(side))
        if beside <= width // 2:
            lines += hanging_indent(Content(worth), said, beside, width)
        else:  # a number is never cut
            lines += [Content(worth.strip()), *(each.pad_left(2) for each in said.wrap(width - 2))]
    return lines


def _shares(table: ShareTable, width: int, *, whole: bool) -> Lines:
    """Return who gets what in columns, figures on their decimal points; names give way to figures."""
    rows = table.rows if whole else table.rows[:MOST_EFFECTS]
    columns = []
    for at, title in enumerate(table.titles):
        texts = [clean(row[at]) for row in rows]
        columns.append([title, *(texts if at < table.words else _on_decimal_points(texts))])
    widths = [max(map(cell_len, column)) for column in columns]
    gaps = 2 * (len(columns) - 1)
    if over := sum(widths) + gaps - width:
        widths[0] = max(cell_len(table.titles[0]), widths[0] - max(0, over))
    lines: Lines = []
    for line in zip(*columns, strict=True):
        cells = (
            fit(text, size) if at < table.words else f"{text:>{size}}"
            for at, (text, size) in enumerate(zip(line, widths, strict=True))
        )
        lines += Content.styled("  ".join(cells), "" if lines else "dim").wrap(width)
    if len(rows) < len(table.rows):
        lines.append(Content.styled(f"and {len(table.rows) - len(rows):,} more: {ALL} shows all", "dim"))
    return lines


def _side_style(side: str) -> str:
    role = side_role(direction_of(side))
    return f"${role}" if role else ""


def _marked(mark: str, text: str, style: str, width: int) -> Lines:
    label = Content.styled(mark.rstrip(), style)
    return hanging_indent(label, Content.styled(text, style), len(mark), width)


def wrapped(texts: Iterable[str], width: int) -> Lines:
    """Return texts as lines of at most ``width`` cells."""
    return [line for text in texts for line in Content(clean(text)).wrap(width)]
