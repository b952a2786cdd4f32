"""RSS and Atom, by feedparser."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any

from corpus.errors import FeedError, FetchError
from corpus.fetching.port import Fetched
from corpus.fetching.urls import joined
from corpus.readers import BadItem
from corpus.readers.cleaning import one_line
from corpus.webfeeds.markup import text_of
from corpus.webfeeds.port import Entry
from corpus.webfeeds.xml import refuse_entities
from retrieval.dates import PartialDate
from retrieval.types import text_digest

MOST_ENTRIES = 500
# Feeds that carry whole articles carry more than this; a teaser is shorter, or ends in the middle.
_SHORTEST_WHOLE = 1200
_CUT_OFF = ("…", "...", "[…]", "[...]")


def read_entries(got: Fetched) -> tuple[str, list[Entry | BadItem]]:
    """The title of a feed and its entries, newest first as it gives them.

    Raises:
        FeedError: it is no feed.
    """
    import feedparser

    refuse_entities(got.data, got.url)
    # Given a string, feedparser would fetch it or open a file of that name.
    parsed = feedparser.parse(
        BytesIO(got.data), response_headers={"content-type": got.content_type, "content-location": got.url}
    )
    if not parsed.get("version"):
        raise FeedError(f"{got.url}: is no RSS or Atom feed: check the address")
    if parsed.bozo and not parsed.entries:
        broken = " ".join(str(parsed.bozo_exception).split())[:100]
        raise FeedError(f"{got.url}: is broken and has no entry that can be read ({broken}): tell the site")
    # As plain dictionaries: feedparser's own answer "updated" with what is not there, and warn of it.
    raw = [dict(entry) for entry in parsed.entries[:MOST_ENTRIES]]
    entries = list(_entries(raw, got.url))
    if len(parsed.entries) > MOST_ENTRIES:
        entries.append(BadItem(got.url, f"lists {len(parsed.entries)} articles: the first {MOST_ENTRIES} are read"))
    return one_line(text_of(str(parsed.feed.get("title", "")))), entries


def _entries(raw: Iterable[Mapping[str, Any]], base: str) -> Iterator[Entry | BadItem]:
    for number, fields in enumerate(raw, start=1):
        title = one_line(text_of(str(fields.get("title", ""))))
        entry_id = one_line(str(fields.get("id", "")))
        text = _whole_text(fields)
        try:
            url = joined(base, str(fields["link"])) if fields.get("link") else ""
        except FetchError as error:
            yield BadItem(f"{base} entry {number}", str(error))
            continue
        if not url and not (text and entry_id):
            yield BadItem(f"{base} entry {number}", f"{title[:60]!r} has no link and no text: it is left out")
            continue
        stamp = text_digest(title, str(fields.get("updated", "")), str(fields.get("published", "")), _content(fields))
        yield Entry(url, stamp, entry_id, title, _source(fields), _date(fields), text)


def _whole_text(fields: Mapping[str, Any]) -> str:
    """The text of an article that the feed holds all of; empty for a teaser."""
    text = text_of(_content(fields))
    whole = len(text) >= _SHORTEST_WHOLE or not fields.get("link")
    return text if whole and not text.endswith(_CUT_OFF) else ""


def _content(fields: Mapping[str, Any]) -> str:
    values = [str(content.get("value", "")) for content in fields.get("content", ())]
    return max([*values, str(fields.get("summary", ""))], key=len)


def _source(fields: Mapping[str, Any]) -> str:
    """The outlet that an entry of a collecting feed comes from."""
    return one_line(str((fields.get("source") or {}).get("title", "")))


def _date(fields: Mapping[str, Any]) -> PartialDate | None:
    """When an entry was published, else updated, in UTC."""
    when: time.struct_time | None = fields.get("published_parsed") or fields.get("updated_parsed")
    try:
        return PartialDate(when.tm_year, when.tm_mon, when.tm_mday) if when else None
    except ValueError:
        return None
