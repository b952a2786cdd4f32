"""Articles made from a text and the fields that came with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from corpus.readers.cleaning import find_unstorable, one_line
from corpus.readers.port import BadItem, Origin
from corpus.readers.problems import Unreadable, shortened
from retrieval.dates import PartialDate
from retrieval.segmentation import sentences
from retrieval.types import Article

# A title that is only a first sentence stays about as long as a headline.
_LONGEST_MADE_TITLE = 120


def read_date(written: object) -> PartialDate | None:
    """A publication date as it was written; ``None`` where nothing was.

    Raises:
        Unreadable: it is no date; the reason says that the article is kept without.
    """
    if written is None or written == "":
        return None
    try:
        if isinstance(written, str):
            return PartialDate.parse(written) if written.strip() else None
    except ValueError:
        pass
    raise Unreadable(
        f"published is {shortened(written)}, which is no date: write 2024, 2024-07 or 2024-07-09 "
        "(the article is kept without a date)"
    )


def assemble(origin: Origin, fields: Mapping[str, str], text: str) -> Iterator[Article | BadItem]:
    """The article that a file holds, and then a complaint if its date is no date.

    Its id is the field ``id``, else its URL, else the feed's name and its path there; without a title
    it gets its first sentence.

    Raises:
        Unreadable: the text is blank, or nothing gives an id that can be stored.
    """
    if not text.strip():
        raise Unreadable("holds no text: write the article below its title, or remove the file")
    known = {name: one_line(value) for name, value in fields.items()}
    try:
        published, complaint = read_date(known.get("published")), None
    except Unreadable as error:
        published, complaint = None, BadItem(origin.relative, str(error))
    yield Article(
        id=known.get("id") or known.get("url") or _place(origin),
        text=text,
        title=known.get("title") or _first_sentence(text),
        source=known.get("source", ""),
        url=known.get("url", ""),
        published=published,
    )
    if complaint:
        yield complaint


def _place(origin: Origin) -> str:
    place = f"{origin.feed}/{origin.relative}"
    # The operating system may hand over a file name whose bytes are no UTF-8.
    if find_unstorable(place) is not None:
        raise Unreadable(f"has a name that is not UTF-8, {shortened(origin.path.name)}: rename it")
    return place


def _first_sentence(text: str) -> str:
    start = text.lstrip()[: 4 * _LONGEST_MADE_TITLE]
    title = one_line(sentences(start)[0].of(start))
    if len(title) <= _LONGEST_MADE_TITLE:
        return title
    return title[:_LONGEST_MADE_TITLE].rsplit(" ", 1)[0] + "…"
