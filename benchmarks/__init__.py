"""Speed and quality, measured by hand; nothing here is a test."""
