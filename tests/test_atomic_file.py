"""A file that is written anew is never found half, and nothing is left beside it."""

from __future__ import annotations

import os
from errno import ENOSPC
from pathlib import Path
from threading import Thread

import pytest

from tui.atomic_file import write_atomically, write_new


def test_it_is_private_and_alone_in_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "learned.json"
    for content in (b"old, and much longer", b"new"):
        write_atomically(file, content, durable=True)
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_what_was_there_stays_when_it_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "folder"
    file.mkdir()
    (file / "kept").touch()
    with pytest.raises(IsADirectoryError):
        write_atomically(file, b"new")
    assert list(tmp_path.iterdir()) == [file]


def test_programs_that_write_at_once_leave_the_whole_of_one(tmp_path: Path) -> None:
    file = tmp_path / "learned.json"
    contents = [bytes([65 + number]) * 50_000 for number in range(8)]
    found: set[bytes] = set()

    def write(content: bytes) -> None:
        for _ in range(10):
            write_atomically(file, content)
            found.add(file.read_bytes())

    threads = [Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found <= set(contents)
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file_is_private_before_it_has_its_name_and_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, seen = tmp_path / "orders.csv", list[tuple[int, bytes]]()

    def named(beside: str, path: Path) -> None:
        seen.append((os.stat(beside).st_mode & 0o777, Path(beside).read_bytes()))
        assert not file.exists()
        link(beside, path)

    link = os.link
    monkeypatch.setattr(os, "link", named)
    write_new(file, b"whole")
    assert seen == [(0o600, b"whole")]
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.undo()
    with pytest.raises(FileExistsError):
        write_new(file, b"other")
    assert file.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file_that_cannot_be_written_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "orders.csv", b"whole")
    assert not list(tmp_path.iterdir())


def test_a_new_file_is_written_where_no_file_has_two_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", _full)
    file = tmp_path / "orders.csv"
    write_new(file, b"whole")
    with pytest.raises(FileExistsError):
        write_new(file, b"other")
    assert file.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [file]


def _full(*_: object) -> None:
    raise OSError(ENOSPC, os.strerror(ENOSPC))
