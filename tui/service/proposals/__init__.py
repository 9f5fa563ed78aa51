"""What programs propose and people decide: kept in the journal, sent by nobody but a person."""
