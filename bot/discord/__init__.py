"""Discord: a thin adapter between its gateway and the desk."""
