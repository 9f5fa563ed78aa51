"""Where files are, which servers are known, and how secrets are held."""
