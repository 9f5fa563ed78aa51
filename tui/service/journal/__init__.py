"""The journal: an append-only log of what was decided here, what was sent, and what came of it."""
