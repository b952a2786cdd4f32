"""How the tables came to be what they are: Alembic's revisions, from version 9 on.

What came before, when every catalogue was SQLite's, is in :mod:`corpus.schema`. A revision is named by its version.
"""
