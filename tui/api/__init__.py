"""The wire: models, requests, the client, and the gates where bytes become models."""
