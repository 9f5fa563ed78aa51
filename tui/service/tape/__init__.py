"""The tape: what happened on the desk, in a dealer's sentences, as it comes."""
