"""Lists: filters, sorting and paging of contract section 4, as SQL over the store.

:mod:`grammar` parses a filter, :mod:`queryable_fields` maps fields to SQL, :mod:`conditions` compiles a
filter to SQL, :mod:`planner` chooses the indexes, :mod:`pages` reads one page and :mod:`page_tokens` says
where the next one starts (keyset pagination).
"""
