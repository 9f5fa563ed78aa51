"""``history``: the whole story of orders, as the viewer of the desk tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from tui.api.base import ResourceId
from tui.api.errors import ApiError
from tui.columns.column import Value
from tui.columns.factories import id_column
from tui.columns.format import DisplayContext
from tui.columns.history_columns import HISTORY, of_history
from tui.columns.row_texts import json_objects
from tui.columns.shown_rows import ShownRows
from tui.headless.command_failed import CommandFailed, failure_of_read
from tui.headless.command_output import CommandOutput, json_text
from tui.headless.exit_codes import ExitCode
from tui.headless.read_rows import ReadContext, display_context, moment_of, read_at
from tui.headless.rows_request import ids_typed
from tui.headless.written_rows import write_csv, write_document, write_table
from tui.input_files.mistakes import shown
from tui.service.desk import Desk
from tui.service.row_phrases import phrase_of
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

_KINDS = sorted(EntityKind, key=lambda kind: kind is not EntityKind.ORDERS)
"""The kinds of rows among which an id is looked for: a code of an order means that order."""
_ORDER = id_column("Order", "The order", lambda snapshot, entry: None, "order")


class OrderStory(Struct, frozen=True):
    """What happened to an order, newest first, and the order in words."""

    order: ResourceId
    about: str
    rows: ShownRows

    @property
    def lines(self) -> Iterator[list[Value]]:
        """The values of the entries, column by column."""
        return self.rows.lines(self.rows.keys)

    @property
    def as_json(self) -> str:
        """The story as one JSON object."""
        entries = ", ".join(json_objects([column.id for column in HISTORY], self.lines))
        said = {"scope": self.order.scope, "code": self.order.code, "about": self.about or None}
        return f'{json_text(said)[:-1]},"entries":[{entries}]}}'


def orders_typed(typed: str, snapshot: Snapshot) -> tuple[ResourceId, ...]:
    """Return the orders that an id means: of an order, or of a row that orders stand behind.

    One that no row of the desk has is taken for that of an order.

    Raises:
        CommandFailed: several rows have it, or no order stands behind the row.
    """
    for kind in _KINDS:
        for id in ids_typed((typed,), snapshot.rows(kind), kind.singular, snapshot.home).ids:
            if kind is EntityKind.ORDERS:
                return (id,)
            if not (orders := related_of(snapshot, Ref(kind, id), EntityKind.ORDERS)):
                why = f"No order stands behind {Ref(kind, id)}, so there is no history to show."
                raise CommandFailed(ExitCode.FAILED, why)
            return tuple(orders)
    scope, slash, code = typed.strip(" ").partition("/")
    if not slash and not snapshot.home:
        raise CommandFailed(ExitCode.USAGE, f"{shown(typed)} is no row of the desk: write SCOPE/CODE.")
    return (ResourceId(scope, code) if slash else ResourceId(snapshot.home, scope),)


async def read_stories(ids: Sequence[str], desk: Desk) -> list[OrderStory]:
    """Read the stories of the orders that ids mean, each once.

    Raises:
        CommandFailed: an id means none, or a story could not be read.
    """
    orders = dict.fromkeys(order for typed in ids for order in orders_typed(typed, desk.snapshot))
    stories = []
    for order in orders:
        try:
            entries = await desk.history(order)
        except ApiError as error:
            raise failure_of_read(error) from error
        about = phrase_of(desk.snapshot, Ref(EntityKind.ORDERS, order))
        stories.append(OrderStory(order, about, of_history(order, entries, desk.snapshot)))
    return stories


def stories_as_json(stories: Sequence[OrderStory]) -> tuple[dict[str, object], str, Iterator[str]]:
    """Return what a document says of stories, the name of the member that has them, and each as JSON."""
    said: dict[str, object] = {"of": "history", "columns": [column.id for column in HISTORY]}
    return said, "stories", (story.as_json for story in stories)


async def tell_history(
    ids: Sequence[str], context: ReadContext, desk: Desk, output: CommandOutput
) -> ExitCode:
    """Write the stories of orders; those of several stand one after the other."""
    stories = await read_stories(ids, desk)
    output.about(desk.environment, desk.user, moment_of(desk.snapshot))
    if output.is_json:
        write_document(output, *stories_as_json(stories))
        return ExitCode.DONE
    display = display_context(desk.snapshot, context)
    is_table = output.form == "table"
    output.say(f"{read_at(desk)}, times in {display.zone_name if is_table else 'UTC'}")
    for story in stories:
        entries = "1 entry" if len(story.rows.keys) == 1 else f"{len(story.rows.keys):,} entries"
        output.say(f"{story.order}: {story.about or 'order'}, {entries}")
    if is_table:
        _write_table(stories, display, output)
    else:
        first = 0 if len(stories) > 1 else 1
        lines = ((str(story.order), *line)[first:] for story in stories for line in story.lines)
        write_csv(output, (_ORDER, *HISTORY)[first:], lines)
    return ExitCode.DONE


def _write_table(stories: Sequence[OrderStory], display: DisplayContext, output: CommandOutput) -> None:
    """Write entries as a table without the columns that are empty in all of them."""
    rows = [
        [str(story.order), *cells]
        for story in stories
        for cells in story.rows.cells(story.rows.keys, display)
    ]
    columns = (_ORDER, *HISTORY)
    first = 0 if len(stories) > 1 else 1
    places = [place for place in range(first, len(columns)) if any(row[place] for row in rows)]
    shown = [columns[place] for place in places]
    cells = ([row[place] for place in places] for row in rows)
    write_table(output, shown, cells, display.zone_name, all_columns=False)
