"""The errors of this package.

::

    CorpusError
    ├── FeedError          a feed that does not exist or is of no kind that can be read
    │   └── FeedsFileError   the file that names the feeds cannot be used; the message says the line
    ├── FetchError         something on the web cannot be fetched
    ├── NothingToIndex     no feed holds an article
    ├── NoArticle          a web page that holds no article
    ├── IndexBusy          another process is indexing this data folder
    ├── IndexStopped       a run was stopped on its way
    ├── CatalogueError     the catalogue cannot be opened or written, or belongs to a newer version
    │   ├── CatalogueDamaged   it is no database, or a broken one
    │   └── CatalogueBusy      others write to it all the time
    ├── ShardError         vectors made elsewhere that cannot be used
    └── BackupError        a backup that cannot be made, or from which nothing can be restored
"""


class CorpusError(Exception):
    """Anything this package raises on purpose; its message names the value and the way out."""


class FeedError(CorpusError):
    """A feed that does not exist, or of no kind that can be read.

    Args:
        message: names the feed and the way out.
        wait: seconds that a server asks to wait before the next try.
    """

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class FeedsFileError(FeedError):
    """The file that names the feeds cannot be used; the message says the line."""


class FetchError(CorpusError):
    """Something on the web cannot be fetched.

    Args:
        url: its address.
        reason: what is wrong and the way out, in one line.
        status: what the server answered, where it did.
        wait: seconds that the server asks to wait.
    """

    def __init__(self, url: str, reason: str, *, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason
        self.status = status
        self.wait = wait

    @property
    def gone(self) -> bool:
        """Whether there is nothing at that address, rather than no way to it now."""
        return self.status in {404, 410}


class NothingToIndex(CorpusError):
    """No feed holds an article; what was there before stays."""


class NoArticle(CorpusError):
    """A web page that holds no article; the message goes on from the page's name."""


class IndexBusy(CorpusError):
    """Another process is indexing this data folder."""


class IndexStopped(CorpusError):
    """A run was stopped on its way; the next one goes on from there."""

    def __init__(self) -> None:
        super().__init__("the index run was stopped: nothing is lost, and the next one goes on from there")


class CatalogueError(CorpusError):
    """The catalogue cannot be opened or written, or belongs to a newer version."""


class CatalogueDamaged(CatalogueError):
    """The file of the catalogue is no database, or a broken one."""


class CatalogueBusy(CatalogueError):
    """Others have been writing to the catalogue for as long as one waits; it is as it was."""


class ShardError(CorpusError):
    """Vectors made elsewhere that cannot be used."""


class BackupError(CorpusError):
    """A backup that cannot be made, or from which nothing can be restored."""
