"""Feeds on the web: RSS and Atom, sitemaps, single pages."""
