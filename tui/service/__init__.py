"""What the blotter does, without a screen: the desk, its snapshots, its verbs and what became of them."""
