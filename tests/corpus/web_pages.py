"""Small web pages, in the ways that news sites build them."""

from __future__ import annotations

TITLE = "Port Selin’s Harbour Opens After the Storm"
LEDE = "The harbour of Port Selin opened again on Tuesday, three months after a storm broke its outer wall."
SECOND = (
    "“We lost a season, not a harbour,” said Ana Brandt, who runs the pilots’ office. She expects the first "
    "grain ships within a week, and the ferries to the islands in May at the latest."
)
THIRD = (
    "The wall was built in 1911 and had been due for repair since the floods of 1994, when the town council first "
    "asked the ministry for money. It got less than a tenth of what the engineers had called for."
)
LAST = "Insurers have paid for less than a third of the repairs, according to the port’s own accounts."
BODY = (LEDE, SECOND, THIRD, LAST)

HEAD = f"""
<title>{TITLE} - Coast Courier</title>
<meta property="og:title" content="{TITLE}">
<meta property="og:site_name" content="Coast Courier">
<meta name="author" content="Ana Brandt">
<meta property="article:published_time" content="2024-07-09T10:15:00+02:00">
<meta property="article:modified_time" content="2024-07-11T08:00:00+02:00">
<link rel="canonical" href="https://courier.example/2024/harbour">
"""


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>\n" for text in texts)


def page(article: str, head: str = HEAD, around: str = "", language: str = "en") -> str:
    """A page with an article, and with what ``around`` holds below it."""
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">{head}</head><body>'
        '<nav><ul><li><a href="/">Home</a></li><li><a href="/world">World</a></li></ul></nav>'
        f"<main><article><h1>{TITLE}</h1>{article}</article></main>{around}"
        "<footer><p>Coast Courier is printed on paper and read at sea.</p></footer></body></html>"
    )
