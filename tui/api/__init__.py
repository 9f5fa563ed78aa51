"""The API and its client: operations, models, codec, HTTP, tokens, retries and errors."""
