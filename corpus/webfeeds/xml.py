"""XML from strangers: no entity is defined, and nothing outside is read."""

from __future__ import annotations

import re
from typing import Protocol
from xml.parsers import expat

from corpus.errors import FeedError

_PROLOG = 64 * 1024
_ROOT = re.compile(rb"<(?:[a-z]\w*:)?(rss|rdf|feed|urlset|sitemapindex|html)\b", re.IGNORECASE)


class Target(Protocol):
    """Is told what stands in a document. Names come without their namespaces."""

    def start(self, name: str) -> None:
        """An element begins."""

    def text(self, characters: str) -> None:
        """Characters; those of one element may come in several parts."""

    def end(self, name: str) -> None:
        """An element ends."""


class _RootReached(Exception):
    """The first element has begun, so no more definitions can come."""


def root_of(data: bytes) -> str:
    """The name of a document's first element, if it is one of those that feeds and pages have; else empty."""
    # UTF-16 has a zero beside each of these letters.
    match = _ROOT.search(data[:_PROLOG].replace(b"\0", b""))
    return match[1].decode().lower() if match else ""


def refuse_entities(data: bytes, where: str) -> None:
    """See that a document defines no entities: they can grow without end, or name files.

    Raises:
        FeedError: it does.
    """

    def reached(*_: object) -> None:
        raise _RootReached

    parser = _parser(where)
    parser.StartElementHandler = reached
    try:
        parser.Parse(data, True)
    except (_RootReached, expat.ExpatError):
        return  # what is no XML defines nothing; its reader will say so


def parse_xml(data: bytes, where: str, target: Target) -> None:
    """Read a document.

    Raises:
        FeedError: it is no XML, or defines entities.
    """
    parser = _parser(where)
    parser.StartElementHandler = lambda name, _: target.start(name.rpartition(" ")[2])
    parser.EndElementHandler = lambda name: target.end(name.rpartition(" ")[2])
    parser.CharacterDataHandler = target.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise FeedError(f"{where}: is no XML ({error}): leave it out, or tell the site") from error


def _parser(where: str) -> expat.XMLParserType:
    def refuse(name: str, *_: object) -> None:
        raise FeedError(f"{where}: defines the XML entity {name[:30]!r}, as attacks do: it is not read")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.EntityDeclHandler = refuse
    return parser
