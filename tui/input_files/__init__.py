"""What people write: read from files, checked, and every mistake told in a sentence of its own."""
