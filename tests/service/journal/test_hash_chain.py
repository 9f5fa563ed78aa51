"""The hash chain of a journal: what was changed, cut, taken out or put in is found, and named by its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.service.journal.test_journal import OLDER, intend, intent
from tests.service.sample_rows import rid
from tui.service.journal.journal import Journal
from tui.service.verbs import CancelOrders


def append(path: Path, *ids: str) -> None:
    """Write an intent of each id, in a program of its own each."""
    for id in ids:
        journal = Journal(path)
        intend(journal, intent(id, CancelOrders((rid(f"X-{id}"),))))
        journal.close()


def faults(path: Path) -> list[str]:
    return [str(fault) for fault in Journal(path).faults()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    append(path, "1", "2", "3", "4")
    return path


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_a_journal_that_nobody_touched_is_whole(path: Path) -> None:
    assert faults(path) == []


CHANGES: list[tuple[str, Callable[[list[bytes]], list[bytes]], list[str]]] = [
    (
        "a byte",
        lambda all: [all[0], all[1].replace(b'"X-2"', b'"X-9"'), *all[2:]],
        ["journal.jsonl, line 2: it was changed, or the line before it"],
    ),
    (
        "a hash",
        lambda all: [all[0], all[1][:-7] + b"0000" + all[1][-3:], *all[2:]],
        ["journal.jsonl, line 2: it was changed, or the line before it"],
    ),
    (
        "a line taken out",
        lambda all: [all[0], *all[2:]],
        ["journal.jsonl, line 2: 1 line is missing before it"],
    ),
    (
        "a line put in",
        lambda all: [all[0], OLDER[0].encode() + b"\n", *all[1:]],
        [
            "journal.jsonl, line 2: it carries no hash: an older version wrote it, or another program",
            "journal.jsonl, line 3: it was changed, or the line before it",
        ],
    ),
    (
        "two lines swapped",
        lambda all: [all[0], all[2], all[1], all[3]],
        [
            "journal.jsonl, line 2: 1 line is missing before it",
            "journal.jsonl, line 3: it was changed, or the line before it",
            "journal.jsonl, line 4: 1 line is missing before it",
        ],
    ),
    (
        "bad UTF-8",
        lambda all: [all[0], all[1].replace(b"cancel", b"c\xffncel"), *all[2:]],
        ["journal.jsonl, line 2: "],
    ),
    (
        "zeros",
        lambda all: [all[0], b"\0" * 4096 + b"\n", *all[2:]],
        ["journal.jsonl, line 2: it cannot be read"],
    ),
    (
        "a line of 30 MB",
        lambda all: [all[0], b"x" * 30_000_000 + b"\n", *all[2:]],
        ["journal.jsonl, line 2: it cannot be read"],
    ),
    ("rubbish", lambda all: [all[0], b"~~~\n", *all[2:]], ["journal.jsonl, line 2: it cannot be read"]),
]


@pytest.mark.parametrize(
    ("change", "told"), [each[1:] for each in CHANGES], ids=[each[0] for each in CHANGES]
)
def test_what_was_changed_is_named_with_its_line(
    path: Path, change: Callable[[list[bytes]], list[bytes]], told: list[str]
) -> None:
    path.write_bytes(b"".join(change(lines(path))))
    found = [each for each in faults(path) if "bytes are missing" not in each]
    assert len(found) == len(told)
    assert all(each.startswith(start) for each, start in zip(found, told, strict=True))


def test_a_cut_end_is_named_before_and_after_it_goes_on(path: Path) -> None:
    whole = lines(path)
    path.write_bytes(b"".join(whole[:2]))
    size = sum(map(len, whole[2:]))
    assert faults(path) == [f"journal.jsonl, line 2: {size} bytes are missing after it"]
    append(path, "5")
    assert faults(path) == ["journal.jsonl, line 3: 2 lines are missing before it"]


def test_a_torn_last_line_is_named_and_the_chain_goes_on_behind_it(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b'{"v":1,"n":5,"kind":"int')
    told = ["journal.jsonl, line 5: it cannot be read"]
    assert faults(path) == told
    append(path, "6")
    assert faults(path) == told
    assert [each.id for each in Journal(path).open_intents()] == ["1", "2", "3", "4", "6"]


def test_lines_of_an_older_version_are_taken_into_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(f"{line}\n" for line in OLDER))
    append(path, "2")
    assert faults(path) == []
    assert len(Journal(path).open_intents()) == 2
    path.write_bytes(path.read_bytes().replace(b"Cancel 2", b"Cancel 3"))
    assert faults(path) == ["journal.jsonl, line 3: it was changed, or the line before it"]


def test_the_chain_goes_on_without_its_head(path: Path) -> None:
    path.with_suffix(".head").unlink()
    append(path, "5")
    path.with_suffix(".head").write_bytes(b"\0" * 128)
    append(path, "6")
    assert faults(path) == []
