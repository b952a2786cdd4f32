"""Slack: acknowledges, translates, asks the desk, posts. All that is said is rendered by pure functions."""
