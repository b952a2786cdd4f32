"""A page's bytes as text: unpacked, and in the characters that it meant."""

from __future__ import annotations

import codecs
import re
import zlib

from corpus.errors import NoArticle

MAX_PAGE_BYTES = 8 * 2**20
"""The longest page that is read, unpacked."""

_GZIP = b"\x1f\x8b"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHARSET = re.compile(
    rb"charset\s*=\s*[\"']?\s*([\w.:-]{2,20})|<\?xml[^>]{0,80}?encoding=[\"']([\w.:-]{2,20})", re.IGNORECASE
)
# A page declares its encoding near its start; what stands later is a script's.
_HEAD = 8192
# Python knows codecs that no page may choose, some of them slow enough to be an attack.
_KNOWN = re.compile(
    r"utf-?8|utf-?16(?:le|be|-le|-be)?|iso-?8859-?\d{1,2}|latin-?1|(?:us-)?ascii|windows-\d{3,4}|cp\d{3,4}|koi8-[ru]|"
    r"gbk|gb2312|gb18030|big5|euc-(?:jp|kr)|shift[-_]jis|iso-2022-jp"
)
# As browsers read them.
_MEANT = {"gb2312": "gb18030", "gbk": "gb18030"}
_WESTERN = re.compile(r"iso-?8859-?1|latin-?1|(?:us-)?ascii")
_MOST_BROKEN = 0.01


def decode_page(data: bytes, content_type: str | None = None) -> str:
    """A page's text.

    Args:
        data: as it was fetched or saved, gzipped or not.
        content_type: of the response, whose charset counts before the page's own.

    Raises:
        NoArticle: it is longer than :data:`MAX_PAGE_BYTES`, or its gzip is damaged.
    """
    raw = _unpacked(data)
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw.removeprefix(mark).decode(encoding, "replace")
    declared = _declared(raw, content_type)
    # No other encoding yields valid UTF-8 by chance, and many pages declare another than they have.
    if not raw.isascii() or declared is None:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return _decode_as(raw, declared)


def _unpacked(data: bytes) -> bytes:
    raw, rest = b"", data
    while rest.startswith(_GZIP) and len(raw) <= MAX_PAGE_BYTES:
        member = zlib.decompressobj(wbits=31)
        try:
            raw += member.decompress(rest, MAX_PAGE_BYTES + 1 - len(raw))
        except zlib.error as error:
            raise NoArticle(f"its gzip is damaged ({error}): save the page again") from error
        if not member.eof and len(raw) <= MAX_PAGE_BYTES:
            raise NoArticle("its gzip is cut off: save the page again")
        rest = member.unused_data
    raw = raw or data
    if len(raw) > MAX_PAGE_BYTES:
        raise NoArticle(f"is longer than {MAX_PAGE_BYTES // 2**20} MiB, unpacked: save the article alone")
    return raw


def _declared(raw: bytes, content_type: str | None) -> str | None:
    for place in ((content_type or "").encode("ascii", "replace"), raw[:_HEAD]):
        match = _CHARSET.search(place)
        name = (match[1] or match[2]).decode().lower() if match else ""
        if _KNOWN.fullmatch(name):
            # A declaration in ASCII letters disproves UTF-16.
            return "utf-8" if place is not raw and name.startswith("utf-16") and b"<" in raw[:1] else name
    return None


def _decode_as(raw: bytes, declared: str | None) -> str:
    if declared is None or declared.startswith(("utf-8", "utf8")):
        text = raw.decode("utf-8", "replace")
        if text.count("\ufffd") <= _MOST_BROKEN * len(text):
            return text
    elif not _WESTERN.fullmatch(declared):
        try:
            return raw.decode(_MEANT.get(declared, declared), "replace")
        except LookupError:
            pass
    return raw.decode("windows-1252", "replace")
