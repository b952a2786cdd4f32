"""Wordings of quotes, shared by every platform."""

from __future__ import annotations

from bot.render.words import counted, filters_words, one_line, short_name
from retrieval.names import name_words
from retrieval.quotes import Quote, Quotes

_NAMED = 8  # namesakes


def speaker_words(quote: Quote) -> str:
    """Who is quoted, how the article names them there where that is otherwise, and whether in part alone."""
    named = one_line(quote.named)
    # "Biden" and "President Biden" say no more than the name; "she" and "the mayor" tell what was resolved.
    other = named and not set(name_words(named)) & set(name_words(quote.speaker))
    notes = (f"(“{short_name(named)}”)" if other else "", "(in part)" if quote.partial else "")
    return " ".join(part for part in (short_name(quote.speaker), *notes) if part)


def quotes_words(quotes: Quotes) -> list[str]:
    """What quotes are made of, whom else the name may mean or what is like it, and which filters were applied."""
    said = filters_words(quotes.filters)
    filtered = f"Only articles {said}." if said else ""
    named = f"{counted(quotes.articles, 'article')} with the name"
    if not quotes.speakers:
        found = f"No quotation by “{short_name(quotes.person)}” was found in {named}."
        return [found, f"Names like it: {', '.join(map(short_name, quotes.near))}." if quotes.near else "", filtered]
    speaker, *others = quotes.speakers
    shown = f"{len(quotes.quotes):,} of " if len(quotes.quotes) < speaker.quotes else ""
    listed = ", ".join(f"{short_name(other.name)} ({other.quotes:,})" for other in others[:_NAMED])
    return [
        f"{shown}{counted(speaker.quotes, 'quote')} by {short_name(speaker.name)}, newest first, out of {named}",
        f"Also quoted: {listed}. Ask for one by the full name." if others else "",
        filtered,
    ]
