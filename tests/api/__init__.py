"""The wire: bytes to models and back, one request at a time, against transports that misbehave."""
