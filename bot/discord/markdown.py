r"""Text that Discord shows as it is.

Discord takes a backslash before any punctuation for "no markup". Escaping is done everywhere alike, not at the
starts of lines alone, so that a text stays harmless wherever it is put.
"""

from __future__ import annotations

import re

from bot.render.excerpts import ELLIPSIS
from bot.render.words import one_line, visible

# "/" breaks bare addresses and invitations, "@" mentions and e-mail addresses, "<" whatever Discord looks up.
# A dash inside a word marks up nothing, and reads better alone in a notification.
_MARKUP = re.compile(r"[\\*_~`|<>\[\]()#@/]|(?<!\w)-|-(?!\w)")
# "1989. …" at the start of a line would become a list, and be numbered anew.
_NUMBERED = re.compile(r"^(\s*\d+)\.", re.MULTILINE)


def escape(text: str) -> str:
    """The text, so that it is shown literally: it pings nobody, links nowhere and formats nothing.

    At most twice as long as it was, counted as :func:`size` does.
    """
    return _NUMBERED.sub(r"\1\\.", _MARKUP.sub(r"\\\g<0>", visible(text)))


def strong(text: str) -> str:
    """Bold, of a text that is escaped already; blanks around it stay outside."""
    core = text.strip()
    if not core:
        return text
    start = text.index(core)
    return f"{text[:start]}**{core}**{text[start + len(core) :]}"


def link(text: str, url: str) -> str:
    """A masked link; the address must come from :mod:`bot.render.links`."""
    return f"[{text}]({url})"


def size(text: str) -> int:
    """How long Discord may take a text for: UTF-16 units, which are never fewer than characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, longest: int) -> str:
    """The text on one line, cut off with "…" where it is longer."""
    line = one_line(text)
    if size(line) <= longest:
        return line
    kept = line.encode("utf-16-le")[: 2 * (longest - 1)].decode("utf-16-le", "ignore")
    return f"{kept.rstrip()}{ELLIPSIS}"


def clipped(text: str, longest: int) -> str:
    """The text on one line, escaped, cut off where it would be longer than that."""
    fitting = (escape(clip(text, room)) for room in (longest, longest * 3 // 4, longest // 2))
    return next(line for line in fitting if size(line) <= longest)
