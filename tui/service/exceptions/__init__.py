"""What needs somebody on the desk: one declaration per exception, and the list of those that are open.

It knows no screen: the desk's list and strip, and any other reader of a snapshot, show the same list.
"""
