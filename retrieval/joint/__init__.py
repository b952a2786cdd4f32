"""The joint reader: a question and a passage read together, token by token."""
