"""Whether a sentence bears out what a question takes for granted."""
