"""Paths of files, profiles of servers, settings, and the keeping of secrets."""
