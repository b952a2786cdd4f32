"""Renderers: pure functions from a reply to what a platform shows."""
