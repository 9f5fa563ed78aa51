"""The paths of the checkout and of the contract that the tests are held to."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
CONTRACT: Final = ROOT / "tests" / "contract"
EXAMPLES: Final = CONTRACT / "examples"
DOCUMENT: Final = CONTRACT / "openapi.json"
