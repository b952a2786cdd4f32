"""Indexes: passages in, the nearest passages out, dense and lexical, in generations."""
