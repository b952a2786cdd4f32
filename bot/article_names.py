"""Articles by what people call them."""

from __future__ import annotations

from contextlib import suppress

from bot.errors import UsageError
from corpus.catalogue import Catalogue
from corpus.errors import FetchError
from corpus.fetching.urls import canonical_url, is_web_address

_MOST_LISTED = 5


def article_named(catalogue: Catalogue, name: str) -> str:
    """The id of the article that has an id, an address or a whole title.

    Raises:
        UsageError: no article, or more than one, is named so.
    """
    found = catalogue.articles_named(name)
    if not found and is_web_address(name):
        with suppress(FetchError):
            found = catalogue.articles_named(canonical_url(name))
    if not found:
        raise UsageError(
            f"there is no article {name[:200]!r}: name one by its id, its address or its whole title, as answers "
            "show them"
        )
    if len(found) > 1:
        listed = ", ".join([*map(repr, found[:_MOST_LISTED]), *(["…"] if found[_MOST_LISTED:] else [])])
        raise UsageError(f"{name[:200]!r} names several articles: name one by its id: {listed}")
    return found[0]
