"""What a page says of its article: title, author, outlet, address, dates, language."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from corpus.readers.cleaning import one_line
from corpus.readers.problems import Unreadable
from corpus.readers.third_party import parsed_by
from retrieval.dates import PartialDate

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_SITE_AT_END = re.compile(r"(?P<title>.*\S)\s+[|–—»·-]\s+(?P<site>.*)")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?=$|[-_])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fields:
    """What is known of an article beside its text; empty or ``None`` where the page does not tell.

    Args:
        url: the canonical address.
        updated: when it was last changed, where that is after it was published.
        language: a code such as ``en``, as the page declares it.
    """

    title: str
    author: str
    source: str
    url: str
    published: PartialDate | None
    updated: PartialDate | None
    language: str


def read_fields(tree: HtmlElement, url: str | None) -> Fields:
    """The fields of a page; ``url`` is where it comes from, if that is known."""
    title, author, site = _described(tree, url)
    address = _address(tree, url)
    source = _meta(tree, "og:site_name") or site or _host(address)
    published = _date(tree, address, original=True)
    updated = _date(tree, address, original=False)
    return Fields(
        title=_without_site_name(title, source),
        author=author.replace("; ", ", "),
        source=source,
        url=address,
        published=published,
        updated=updated if published and updated and updated.first > published.first else None,
        language=_language(tree),
    )


def _described(tree: HtmlElement, url: str | None) -> tuple[str, str, str]:
    """Title, author and site name."""
    from trafilatura.metadata import extract_metadata

    try:
        # Reading changes the tree.
        found = parsed_by("trafilatura", lambda: extract_metadata(deepcopy(tree), default_url=url))
    except Unreadable:
        return "", "", ""
    return one_line(found.title or ""), one_line(found.author or ""), one_line(found.sitename or "")


def _without_site_name(title: str, source: str) -> str:
    """A title without the outlet's name, as in "Headline - The Outlet"."""
    match = _SITE_AT_END.fullmatch(title)
    return match["title"] if match and _letters(match["site"]) == _letters(source) else title


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _date(tree: HtmlElement, url: str, *, original: bool) -> PartialDate | None:
    """When the page was published or, if not ``original``, last changed.

    Only what is marked up or written as its date counts: a year in a footer is no date of an article.
    """
    from htmldate import find_date

    def find() -> str | None:
        return find_date(deepcopy(tree), extensive_search=False, original_date=original, url=url or None)

    try:
        found = parsed_by("htmldate", find)
    except Unreadable:
        return None
    return PartialDate.parse(found) if found else None


def _address(tree: HtmlElement, url: str | None) -> str:
    """The canonical address, else ``url``. Some sites name their front page as every page's address."""
    declared = [link.get("href") for link in tree.iter("link") if (link.get("rel") or "").lower() == "canonical"]
    for candidate in filter(None, [*declared, _meta(tree, "og:url")]):
        address = _joined(url, candidate)
        if address and (urlsplit(address).path.strip("/") or urlsplit(address).query):
            return address
    return one_line(url or "")


def _meta(tree: HtmlElement, name: str) -> str:
    found = (meta.get("content") for meta in tree.iter("meta") if name in {meta.get("property"), meta.get("name")})
    return one_line(next(found, None) or "")


def _joined(url: str | None, address: str) -> str:
    try:
        whole = urlsplit(urljoin(url or "", one_line(address)))
    except ValueError:
        return ""
    return whole._replace(fragment="").geturl() if whole.scheme in {"http", "https"} and whole.hostname else ""


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _language(tree: HtmlElement) -> str:
    match = _LANGUAGE.match((tree.get("lang") or tree.get("xml:lang") or _meta(tree, "og:locale")).strip())
    return match[0].lower() if match else ""
