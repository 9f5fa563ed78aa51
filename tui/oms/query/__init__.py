"""Lists: the filter grammar, sorting and paging of contract section 4, as SQL over the store.

:mod:`grammar` reads a filter, :mod:`fields` knows what can be asked about, :mod:`conditions` makes SQL of
a filter, :mod:`pages` reads one page and makes the token of the next.
"""
