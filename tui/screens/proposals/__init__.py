"""What programs propose, as people see it, and how they decide on it."""
