"""Retrieval: articles in, cited answers out.

The package knows no chat and no network, and no files but its index folder. Start with
:class:`retrieval.engine.Engine`, which answers a :class:`retrieval.types.Query` from a published
:class:`retrieval.index.port.Index`.
"""
