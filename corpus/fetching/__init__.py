"""Fetching from the web: politely, and never from where an operator does not mean to reach."""
