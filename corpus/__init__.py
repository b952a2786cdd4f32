"""The corpus: where articles come from and how they are kept."""
