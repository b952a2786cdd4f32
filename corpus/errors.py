"""The errors of this package.

::

    CorpusError
    ├── FeedError          a feed that does not exist or is of no kind that can be read
    ├── FeedNotSupported   a kind of feed that is not built yet
    ├── NothingToIndex     no feed holds an article
    ├── NoArticle          a web page that holds no article
    ├── IndexBusy          another process is indexing this data folder
    └── CatalogueError     the catalogue cannot be opened or written, or belongs to a newer version
"""


class CorpusError(Exception):
    """Anything this package raises on purpose; its message names the value and the way out."""


class FeedError(CorpusError):
    """A feed that does not exist, or of no kind that can be read."""


class FeedNotSupported(CorpusError):
    """A kind of feed that is not built yet."""


class NothingToIndex(CorpusError):
    """No feed holds an article; what was there before stays."""


class NoArticle(CorpusError):
    """A web page that holds no article; the message goes on from the page's name."""


class IndexBusy(CorpusError):
    """Another process is indexing this data folder."""


class CatalogueError(CorpusError):
    """The catalogue cannot be opened or written, or belongs to a newer version."""
