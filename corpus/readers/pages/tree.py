"""A page's elements, made ready for extraction.

An extractor goes by elements and class names, and errs in ways that sites share. Each step below mends one of
them by what the elements are, never by whose page it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from corpus.errors import NoArticle
from corpus.readers.pages.paragraphs import wrap_loose_text
from corpus.readers.shape import ends_sentence

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MOST_ELEMENTS = 100_000
# Of a page with more elements of a kind the first ones are looked at: no article has as many.
_MOST = 2_000
# Counting words stops there, so that a page of empty elements costs no more than another.
_MOST_NODES = 400

_EMBEDDED_POST = re.compile(r"(?:twitter-tweet|instagram-media|tiktok-embed|(?:bluesky|mastodon)-embed)")
_MOST_WORDS_AROUND_POST = 10
_PHRASE = frozenset({"a", "b", "em", "font", "i", "span", "strong", "u"})
_NOT_SHOWN = re.compile(r"hid|none|caption|credit|sr-only|screen-reader")
_FEWEST_WORDS_AROUND_SPAN = 5
_LONGEST_SIGN_UP_WORDS = 80
_BODY = re.compile(
    r"article[-_]*(?:body|content|text)|(?:entry|post|story)[-_]?(?:body|content)|body[-_]text", re.IGNORECASE
)
_LONGEST_CELL_WORDS = 150
_FEWEST_WORDS_OF_PART = 40
_MOST_PARTS = 30
_LONGEST_CAPTION_WORDS = 40
_LONGEST_LINK_WORDS = 30
_SHORTEST_PARAGRAPH = 80
_HEADLINE_WORDS = range(3, 41)


def parse(text: str) -> HtmlElement | None:
    """The root of a page, ``None`` where it has no element.

    Raises:
        NoArticle: it has so many elements that it is no article's.
    """
    from lxml.etree import ParserError
    from lxml.html import HTMLParser, document_fromstring

    # This parser expands no entities of a page's own, and leaves out what is nested absurdly deep.
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except ParserError:
        return None
    if next(islice(tree.iter(), _MOST_ELEMENTS, None), None) is not None:
        raise NoArticle(f"has more than {_MOST_ELEMENTS:,} elements: save the article alone")
    return tree


def asks_for_password(tree: HtmlElement) -> bool:
    """Whether the page has a field for a password."""
    return any((field.get("type") or "").lower() == "password" for field in tree.iter("input"))


def prepare(tree: HtmlElement) -> HtmlElement:
    """The same page, changed so that its article can be told from the rest of it."""
    _keep_quoted_posts(tree)
    _keep_words_of_sentences(tree)
    _drop_sign_ups(tree)
    _open_layout_tables(tree)
    _join_parts(tree)
    _drop_captions(tree)
    _drop_headline(tree)
    _drop_linked_teasers(tree)
    _drop_closing_link_lists(tree)
    wrap_loose_text(tree)
    return tree


def _keep_quoted_posts(tree: HtmlElement) -> None:
    """A post that an article quotes is part of it, though its box is classed like the site's own."""
    for quote in _first(tree, "blockquote"):
        if not _EMBEDDED_POST.search(quote.get("class") or ""):
            continue
        quote.attrib.clear()
        for link in list(quote.iter("a")):  # its date and its tags; many links in few words look like furniture
            link.drop_tag()
        most = len(quote.text_content().split()) + _MOST_WORDS_AROUND_POST
        for box in quote.iterancestors():
            if box.tag not in {"div", "figure", "aside", "section", "span"} or not _is_short(box, most):
                break
            box.attrib.clear()
            box.tag = "div"


def _keep_words_of_sentences(tree: HtmlElement) -> None:
    """A span inside a sentence is part of the sentence, whatever it is classed as."""
    for span in _first(tree, "span"):
        looks = f"{span.get('class') or ''} {span.get('style') or ''}"
        if _NOT_SHOWN.search(looks) or span.get("aria-hidden"):
            continue
        block = next((box for box in span.iterancestors() if box.tag not in _PHRASE), None)
        if block is not None and block.tag in {"p", "blockquote", "li"}:
            own = len(span.text_content().split())
            if not _is_short(block, own + _FEWEST_WORDS_AROUND_SPAN - 1):
                span.drop_tag()


def _drop_sign_ups(tree: HtmlElement) -> None:
    """The box around a field for an e-mail address asks for a subscription."""
    for field in _first(tree, "input"):
        if "email" not in f"{field.get('type')} {field.get('name')}".lower():
            continue
        box = None
        for around in field.iterancestors():
            if around.tag in {"article", "body", "html", "main"} or not _is_short(around, _LONGEST_SIGN_UP_WORDS):
                break
            box = around
        if box is not None:
            _drop(box)


def _open_layout_tables(tree: HtmlElement) -> None:
    """A cell that holds an article makes its table a layout, whose cells are boxes like others."""
    for cell in _first(tree, "td"):
        if not _is_short(cell, _LONGEST_CELL_WORDS):
            for box in cell.iterancestors("table"):
                for part in list(box.iter("table", "tbody", "tr", "td", "th")):
                    part.tag = "div"


def _join_parts(tree: HtmlElement) -> None:
    """An article that advertisements cut into several boxes of one class is put into the first of them."""
    groups: dict[tuple[str, HtmlElement | None], list[HtmlElement]] = {}
    for box in _first(tree, "div", "section"):
        if _is_body(box) and not _is_short(box, _FEWEST_WORDS_OF_PART) and box.find(".//h1") is None:
            around = list(box.iterancestors())
            if not any(_is_body(outer) for outer in around):
                article = next((outer for outer in around if outer.tag == "article"), None)
                groups.setdefault((box.get("class") or "", article), []).append(box)
    for first, *others in groups.values():
        if len(others) < _MOST_PARTS:
            for other in others:
                first.extend(list(other))
                _drop(other)


def _is_body(box: HtmlElement) -> bool:
    return box.get("itemprop") == "articleBody" or _BODY.search(box.get("class") or "") is not None


def _drop_captions(tree: HtmlElement) -> None:
    """A few words that share their box with a picture and do not end as a sentence does are its caption."""
    for picture in _first(tree, "img"):
        for box in picture.iterancestors():
            if box.tag not in {"a", "center", "div", "p", "picture", "noscript", "span"}:
                break
            if not _is_short(box, _LONGEST_CAPTION_WORDS):
                break
            text = _text(box)
            if text:
                others = next(box.iter("h1", "h2", "h3", "h4", "a", "li"), None)
                if others is None and not _ends(text):
                    _drop(box)
                break


def _drop_headline(tree: HtmlElement) -> None:
    """The headline is known as the title; it does not belong to the text as well."""
    for heading in _first(tree, "h1"):
        if len(_text(heading).split()) in _HEADLINE_WORDS:
            _drop(heading)
            return


def _drop_linked_teasers(tree: HtmlElement) -> None:
    """A link around whole paragraphs is a card that leads to another article."""
    for paragraph in _first(tree, "p"):
        link = next((box for box in paragraph.iterancestors("a")), None)
        if link is not None:
            _drop(paragraph)


def _drop_closing_link_lists(tree: HtmlElement) -> None:
    """A list with a link in every item and no paragraph after it leads on to other articles."""
    for entries in _first(tree, "ul", "ol"):
        items = [item for item in islice(entries.iter("li"), _MOST_NODES) if _text(item)]
        linked = all(item.find(".//a") is not None and _is_short(item, _LONGEST_LINK_WORDS) for item in items)
        after = islice(entries.itersiblings("p"), _MOST_NODES)
        if len(items) > 1 and linked and not any(len(_text(p)) >= _SHORTEST_PARAGRAPH for p in after):
            _drop(entries)


def _first(tree: HtmlElement, *tags: str) -> Iterator[HtmlElement]:
    """The first elements of some kinds that are still in the tree when their turn comes."""
    for element in list(islice(tree.iter(*tags), _MOST)):
        if element.getparent() is not None:
            yield element


def _drop(element: HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def _is_short(element: HtmlElement, most: int) -> bool:
    """Whether an element holds at most so many words; one of very many pieces does not."""
    count = 0
    for number, piece in enumerate(element.itertext()):
        count += len(piece.split())
        if count > most or number > _MOST_NODES:
            return False
    return next(islice(element.iter(), _MOST_NODES, None), None) is None


def _text(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


def _ends(text: str) -> bool:
    return ends_sentence(text) or text.endswith(("?", "!", "…"))
