"""What surrounds order management: instruments, portfolios, holdings, quotes, sides and properties.

The rows are tables that nobody changes over the API; holdings are computed from them and from what is booked.
"""
