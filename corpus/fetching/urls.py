"""Web addresses: which can be fetched, and when two of them mean one article."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from corpus.errors import FetchError

_PORTS = {"http": 80, "https": 443}
# What campaigns, social networks and mailing tools append; no article differs by them.
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|mc_[ce]id|_ga|_gl|ref_src"
    r"|at_(?:medium|campaign\w*|custom\d)|ns_(?:campaign|mchannel|source|linkname)|cmpid|ocid|smid|ftag)(?:=|$)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LONGEST = 2000
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f]")


def is_web_address(location: str) -> bool:
    """Whether a place that somebody names is meant to be on the web."""
    return _ADDRESS.match(location) is not None


def has_scheme(location: str) -> bool:
    """Whether it is an address of any kind, ``ftp://…`` included."""
    return _SCHEME.match(location) is not None


def has_credentials(url: str) -> bool:
    """Whether an address carries a user name or a password."""
    return "@" in url.partition("://")[2].partition("/")[0].partition("?")[0]


def parse(url: str) -> SplitResult:
    """The parts of an address that can be fetched, without user name, password and fragment.

    Raises:
        FetchError: it is not http or https, or is no address at all.
    """
    if len(url) > _LONGEST:
        raise FetchError(url[:60] + "…", f"is an address of more than {_LONGEST} characters: leave it out")
    try:
        parts = urlsplit(_UNPRINTABLE.sub(lambda match: f"%{ord(match[0]):02X}", url.strip()))
        port = parts.port
    except ValueError as error:
        raise FetchError(url, f"is no web address ({error}): correct it") from None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    if scheme not in _PORTS or not host:
        raise FetchError(url, "is no address of http or https: only those are fetched")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[scheme]:
        netloc += f":{port}"
    return SplitResult(scheme, netloc, parts.path or "/", parts.query, "")


def normal_url(url: str) -> str:
    """An address as it is fetched.

    Raises:
        FetchError: see :func:`parse`.
    """
    return urlunsplit(parse(url))


def canonical_url(url: str) -> str:
    """The address by which an article is known: :func:`normal_url` without what only tracks its readers.

    Raises:
        FetchError: see :func:`parse`.
    """
    parts = parse(url)
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _TRACKING.match(pair))
    return urlunsplit(parts._replace(query=query))


def origin(url: str) -> str:
    """Scheme, host and port.

    Raises:
        FetchError: see :func:`parse`.
    """
    parts = parse(url)
    return f"{parts.scheme}://{parts.netloc}"


def host_of(url: str) -> str:
    """The host's name in small letters, without its port.

    Raises:
        FetchError: see :func:`parse`.
    """
    return (parse(url).hostname or "").lower()


def joined(base: str, link: str) -> str:
    """A link of a page, made whole and fit to be fetched.

    Raises:
        FetchError: see :func:`parse`.
    """
    try:
        return normal_url(urljoin(base, link.strip()))
    except ValueError as error:
        raise FetchError(link, f"is no web address ({error}): correct it") from None


def article_address(fetched: str, claimed: str) -> str:
    """The address by which a page's article is known.

    Args:
        fetched: where it was fetched from.
        claimed: what the page calls its own address; empty where it says nothing.

    Raises:
        FetchError: ``fetched`` is no web address.
    """
    here = canonical_url(fetched)
    if not claimed.strip():
        return here
    try:
        there = canonical_url(joined(fetched, claimed))
    except FetchError:
        return here
    # Sites that name their front page on every article would make all of them one.
    return here if urlsplit(there).path == "/" and urlsplit(here).path != "/" else there
