"""A list whose lines lead to the rows of the desk that they are about."""

from __future__ import annotations

from typing import Any

from tui.api.sanitize import clean
from tui.screens.row_list import RowListScreen
from tui.service.row_phrases import phrase_of
from tui.service.snapshot.snapshot import Ref


class LineAboutRowScreen(RowListScreen[Ref]):
    """Returns the row of the line on which Enter was pressed, or None on Esc."""

    def open_line(self, row: Any) -> None:
        """Leave, and go to the row of a line, where it is on the desk."""
        ref = self.ref_of(row)
        if ref is None:
            self.notify("This line is about no single row.", markup=False)
        elif ref not in self.session.snapshot:
            self.notify(f"{str(ref).capitalize()} is not on the desk any more.", markup=False)
        else:
            self.dismiss(ref)

    def advice(self, row: Any) -> str:
        """Return which row a line is about."""
        ref = self.ref_of(row)
        if ref is None:
            return ""
        said = clean(phrase_of(self.snapshot, ref))
        return f"{ref.kind.singular.capitalize()}: {said}" if said else str(ref).capitalize()
