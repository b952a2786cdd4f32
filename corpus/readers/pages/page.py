"""The article of a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus.errors import NoArticle
from corpus.readers.cleaning import one_line, tidy, without_controls
from corpus.readers.pages.body import read_body
from corpus.readers.pages.decoding import decode_page
from corpus.readers.pages.fields import Fields, read_fields
from corpus.readers.pages.sign_off import without_sign_off
from corpus.readers.pages.tree import asks_for_password, parse, prepare
from corpus.readers.problems import shortened
from corpus.readers.scraped import without_site
from corpus.readers.shape import is_prose

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# A page that only says why there is no article says it briefly.
_LONGEST_NOTICE_WORDS = 150
_NOTICE = re.compile(
    r"(?:error\W*)?[45]\d\d\b|.{0,30}\bnot (?:be )?found\b|.{0,20}\b(?:access|permission) denied|(?:403 )?forbidden\b|"
    r"(?:log|sign) ?in\b|just a moment|attention required|are you (?:a )?(?:robot|human)|"
    r"(?:internal )?server error|(?:service|site|page|temporarily) unavailable|.{0,20}\bunder maintenance",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Page(Fields):
    """An article as its page gives it. ``text`` is paragraphs, blank lines between."""

    text: str


def extract_page(data: bytes, *, url: str | None = None, content_type: str | None = None) -> Page:
    """The article of a page.

    Args:
        data: as it was fetched or saved, gzipped or not.
        url: where it was fetched from; a canonical address in the page counts before it.
        content_type: of the response, for its charset.

    Raises:
        NoArticle: the page holds none; the message says why, and goes on from the page's name.
    """
    text = without_controls(decode_page(data, content_type))
    tree = parse(text)
    if tree is None:
        raise NoArticle("is empty: save the page again")
    fields = read_fields(tree, url)
    locked = asks_for_password(tree)
    article = _article(prepare(tree), fields)
    _check(article, fields.title, locked=locked)
    return Page(
        title=fields.title or one_line(article.split("\n", 1)[0])[:120],
        author=fields.author,
        source=fields.source,
        url=fields.url,
        published=fields.published,
        updated=fields.updated,
        language=fields.language,
        text=article,
    )


def _article(tree: HtmlElement, fields: Fields) -> str:
    scraped = without_site(tidy(read_body(tree)), fields.title)
    return without_sign_off(scraped.text)


def _check(article: str, title: str, *, locked: bool) -> None:
    if not article:
        raise NoArticle("holds no article: no text was found in it; save a page that shows one")
    short = len(article.split()) <= _LONGEST_NOTICE_WORDS
    if short and (locked or _NOTICE.match(title)):
        named = shortened(title or article)
        raise NoArticle(f"holds no article: {named} is a login page or an error page; save the article's own page")
    if not any(is_prose(line.strip()) for line in article.split("\n")):
        raise NoArticle(
            f"holds no article: no paragraph, only {shortened(one_line(article))}; save an article's own page"
        )
