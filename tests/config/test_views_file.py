"""``views.toml``: what is wrong is told with its line, the rest holds, and two blotters lose nothing."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from tui.columns.saved_views import applied, chain, entry_of, names, view_mistakes
from tui.columns.view import SortColumn
from tui.config.views_file import ViewsFile
from tui.input_files.mistakes import CheckError
from tui.service.snapshot.records import Records
from tui.service.snapshot.snapshot import EntityKind

MINE = """\
# my desk
version = 1

[views.london]  # the pound
based_on = "desk"
[views.london.panes.blocks]
filter = "currency:GBP"
hide = ["tif"]
widths = { instrument = 20 }

[views.odd]
linked = false
colour = "red"
[views.odd.panes.orders]
columns = ["id", "sise", "side"]
filter = "quantity>>"
sort = ["-quantity"]
widths.id = 900
[views.odd.panes.trades]
filter = "x"
[views.lost]
based_on = "nobody"
"""
SHARED = """\
[views.desk]
split = 40
[views.desk.panes.blocks]
columns = ["ordered", "id", "instrument", "tif"]
pin = ["ordered"]
widths = { ordered = 14 }
"""


def views(folder: Path, mine: str = MINE, shared: str = SHARED) -> ViewsFile:
    (folder / "views.toml").write_text(mine)
    (folder / "desk.toml").write_text(shared)
    return ViewsFile(folder / "views.toml", folder / "desk.toml", view_mistakes)


def test_a_bad_entry_is_named_with_its_line_and_the_rest_is_kept(tmp_path: Path) -> None:
    stored = views(tmp_path).read()
    told = [sentence.partition("views.toml, line ")[2] for sentence in stored.wrong]
    assert [int(each.partition(":")[0]) for each in told] == [13, 15, 16, 18, 19, 22]
    assert "[views.odd] colour: is not known here" in told[0]
    assert "columns]] number 2: is not known here; perhaps side is meant" in told[1]
    assert "filter: cannot be understood" in told[2]
    assert "900 is not allowed" in told[3]
    assert "trades: is not known here" in told[4]
    assert "based_on: is not known here" in told[5]
    assert names(stored) == ("london", "odd", "lost", "desk")
    odd = applied(chain(stored, "odd"), Records())
    orders = odd.panes[EntityKind.ORDERS]
    assert not odd.linked
    assert [column.id for column in orders.columns] == ["id", "side"]
    assert orders.sorts == (SortColumn("quantity", True),)


def test_a_view_inherits_another_and_changes_a_column(tmp_path: Path) -> None:
    stored = views(tmp_path).read()
    desk = applied(chain(stored, "london"), Records())
    blocks = desk.panes[EntityKind.BLOCKS]
    assert desk.split == 40
    assert blocks.filter == "currency:GBP"
    assert [column.id for column in blocks.columns] == ["ordered", "id", "instrument"]
    assert blocks.pinned == ("ordered",)
    assert blocks.widths == {"ordered": 14, "instrument": 20}
    base = applied(chain(stored, "desk"), Records())
    said = entry_of(desk, base, "desk")["panes"]["blocks"]
    assert said["filter"] == "currency:GBP"
    assert said["widths"] == {"instrument": 20}, "only what differs"
    assert "pin" not in said


def test_saving_keeps_every_comment_and_all_other_lines(tmp_path: Path) -> None:
    file = views(tmp_path)
    seen = file.held("london")
    assert seen is not None
    entry = {"based_on": "desk", "panes": {"blocks": {"filter": "currency:JPY"}}}
    assert file.write("london", entry, seen)
    text = (tmp_path / "views.toml").read_text()
    assert "# my desk" in text
    assert "[views.london]  # the pound" in text
    assert 'filter = "currency:JPY"' in text
    assert "hide" not in text
    assert text[text.index("[views.odd]") :] == MINE[MINE.index("[views.odd]") :]
    assert file.write("london", None, file.held("london"))
    assert "london" not in file.read().own
    assert "# my desk" in (tmp_path / "views.toml").read_text()


def test_a_first_view_makes_the_file_and_says_what_it_is(tmp_path: Path) -> None:
    file = ViewsFile(tmp_path / "new" / "views.toml", None, view_mistakes)
    assert file.read().own == {}
    assert file.write("fx desk", {"linked": True, "panes": {"orders": {"widths": {"id": 20}}}}, None)
    text = file.path.read_text()
    assert text.startswith("# Views of the blotter")
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.read().own == {"fx desk": {"linked": True, "panes": {"orders": {"widths": {"id": 20}}}}}


def test_two_blotters_that_save_at_the_same_time_both_keep_their_views(tmp_path: Path) -> None:
    writers = [
        Thread(
            target=ViewsFile(tmp_path / "views.toml", None, view_mistakes).write,
            args=(name, {"linked": True}, None),
        )
        for name in "abcdefgh"
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    one = ViewsFile(tmp_path / "views.toml", None, view_mistakes)
    assert sorted(one.read().own) == list("abcdefgh")
    seen = one.held("a")
    assert one.write("a", {"linked": False}, seen), "another blotter"
    assert not one.write("a", {"linked": True}, seen), "what changed meanwhile is not written over"
    assert one.held("a") == {"linked": False}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("version = 2\n[views.a]\n", "is of version 2, and this program knows version 1"),
        ("[views.a\n", "line 1 is not TOML"),
    ],
)
def test_a_file_of_another_version_or_damaged_is_told_and_left_alone(
    tmp_path: Path, text: str, says: str
) -> None:
    file = views(tmp_path, text)
    stored = file.read()
    assert says in stored.wrong[0]
    assert names(stored) == ("desk",), "shared views are there all the same"
    with pytest.raises(CheckError, match=says):
        file.write("b", {"linked": True}, None)
    assert file.path.read_text() == text


def test_views_based_on_each_other_are_told_and_opened_all_the_same(tmp_path: Path) -> None:
    text = '[views.a]\nbased_on = "b"\n[views.b]\nbased_on = "a"\nlinked = false\n'
    stored = views(tmp_path, text).read()
    assert "leads back to this view: a, b, a" in stored.wrong[0]
    assert applied(chain(stored, "b"), Records()).linked is False


def test_a_view_of_the_same_name_as_a_shared_one_may_be_based_on_it(tmp_path: Path) -> None:
    stored = views(tmp_path, '[views.desk]\nbased_on = "desk"\nlinked = false\n').read()
    assert not stored.wrong
    desk = applied(chain(stored, "desk"), Records())
    assert (desk.linked, desk.split) == (False, 40)
