"""Where the tests find the checkout and the contract they are held to."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
CONTRACT: Final = ROOT / "tests" / "contract"
EXAMPLES: Final = CONTRACT / "examples"
DOCUMENT: Final = CONTRACT / "openapi.json"
