"""The blotter without a screen: the desk, its snapshots, its verbs and their outcomes."""
