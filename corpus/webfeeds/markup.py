"""The text of the HTML that feeds carry."""

from __future__ import annotations

from html.parser import HTMLParser

from corpus.readers.cleaning import tidy, without_controls

_BLOCKS = frozenset(
    "p div section article blockquote ul ol li h1 h2 h3 h4 h5 h6 table tr pre figure figcaption aside br hr".split()
)
_SILENT = frozenset({"script", "style", "figcaption", "iframe", "noscript", "template"})


class _Paragraphs(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[str] = [""]
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.paragraphs.append("")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(self._silent - (tag in _SILENT), 0)
        if tag in _BLOCKS:
            self.paragraphs.append("")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.paragraphs[-1] += data


def text_of(html: str) -> str:
    """The paragraphs of a piece of HTML, parted by blank lines."""
    parser = _Paragraphs()
    parser.feed(without_controls(html))
    parser.close()
    return tidy("\n\n".join(line for line in (" ".join(part.split()) for part in parser.paragraphs) if line))
