"""Links that land on a sentence: text fragments, as in https://wicg.github.io/scroll-to-text-fragment/."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from bot.messages import OutdatedCitation
from retrieval.types import Citation

LONGEST_LINK = 2000
"""Characters; Discord takes 2,048 and Slack 3,000."""

_WHOLE = 12  # words up to which a sentence is named whole
_ENDS = 6  # words that name each end of a longer one


def link_to(citation: Citation) -> str | None:
    """Where to read a citation: the page at its marked sentence, or at its top where that stands there no more.

    ``None`` where it has no link that is safe to show.
    """
    page = safe_link(citation.url)
    gone = isinstance(citation, OutdatedCitation) and not citation.stands
    if page is None or not citation.highlights or gone:
        return page
    link = f"{page}{'' if '#' in page else '#'}:~:text={_directive(citation.highlights[0].text)}"
    return link if len(link) <= LONGEST_LINK else page


def safe_link(url: str) -> str | None:
    """The address if it is one of http or https, in the form that every chat takes; else ``None``."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return None
    # Whatever could end a link, open a tag or break a line is escaped; what is escaped already stays so.
    fragment = parts.fragment.partition(":~:")[0]
    whole = parts._replace(scheme=parts.scheme.lower(), fragment=fragment).geturl()
    safe = quote(whole, safe="%/:?#[]@!$&'*+,;=-._~")
    return safe if len(safe) <= LONGEST_LINK else None


def _directive(sentence: str) -> str:
    """The whole sentence where it is short, else its first and last words."""
    words = sentence.split()
    if len(words) <= _WHOLE:
        return _part(words)
    return f"{_part(words[:_ENDS])},{_part(words[-_ENDS:])}"


def _part(words: list[str]) -> str:
    # "-", "," and "&" mean something in a text directive, and quote() leaves the first of them.
    return quote(" ".join(words).encode("utf-8", "replace"), safe="").replace("-", "%2D")
