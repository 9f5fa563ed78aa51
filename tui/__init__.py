"""The Blotter: order management over LUSID's API, in the terminal."""

__version__ = "0.1.0"
