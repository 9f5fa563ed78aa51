"""Files that people write: reading and checking them, with one sentence for each mistake."""
