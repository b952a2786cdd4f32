from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.links import LONGEST_LINK, link_to, safe_link
from tests.bot.replies import cite, outdated_from

PAGE = "https://news.example/grain"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
# Addresses as an article may carry them: whole ones, broken ones, and ones with what breaks out of a link.
SCHEMES = ("https://", "http://", "HTTPS://", "javascript:", "data:text/html,", "file:///", "//", "", "ftp://", " ")
addresses = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(SCHEMES),
    st.sampled_from(["news.example", "user:pass@news.example:80", "[::1]", "[", "<!channel>", "nachrichten.ørg", ""]),
    st.sampled_from(["", "/", "/grain?a=b&c=d", "#top", "#a:~:text=b", "/(a)_[b]", "/%2e%2e/%zz"]),
    texts,
)
BREAKS_OUT = set('<>|"`^{}\\ \n\r\t()')


@given(addresses | texts)
def test_only_pages_on_the_web_are_linked_and_nothing_breaks_out_of_the_link(url: str) -> None:
    link = safe_link(url)
    if link is not None:
        assert link.startswith(("http://", "https://"))
        assert urlsplit(link).hostname
        assert link.isascii()
        assert not BREAKS_OUT & set(link)
        assert len(link) <= LONGEST_LINK
        assert safe_link(link) == link


@given(addresses, texts, texts)
def test_a_link_to_a_sentence_is_as_safe(url: str, before: str, sentence: str) -> None:
    link = link_to(cite((before, sentence, ""), url=url))
    if link is not None:
        assert not BREAKS_OUT & set(link)
        assert len(link) <= LONGEST_LINK
        assert safe_link(url) == link.partition("#:~:" if "#" not in (safe_link(url) or "") else ":~:")[0]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt://news.example/%0aalert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "//news.example",
        "news.example",
        "http://",
        "https:news.example",
        "http://[",
        "",
        "  ",
        f"https://news.example/{'a' * 2000}",
    ],
)
def test_what_is_no_page_on_the_web_gets_no_link(url: str) -> None:
    assert safe_link(url) is None
    assert link_to(cite(url=url)) is None


def test_what_could_end_a_link_is_escaped_and_what_is_escaped_stays() -> None:
    assert safe_link("https://news.example/a b|c>d)e") == "https://news.example/a%20b%7Cc%3Ed%29e"
    assert safe_link("https://news.example/%D0%B0?q=%26#top") == "https://news.example/%D0%B0?q=%26#top"
    assert safe_link("HTTPS://news.example/ø") == "https://news.example/%C3%B8"


def directive(link: str | None) -> str:
    assert link is not None
    return link.partition(":~:text=")[2]


words = st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1).filter(lambda w: w.split() == [w])


@given(st.lists(words, min_size=1, max_size=12))
def test_a_short_sentence_is_named_whole(sentence: list[str]) -> None:
    link = link_to(cite(("", " ".join(sentence), ""), url=PAGE))
    if link != PAGE:  # it would have been too long
        assert unquote(directive(link)) == " ".join(sentence)
        assert not {"-", ",", "&"} & set(directive(link))


@given(st.lists(words, min_size=13, max_size=30))
def test_of_a_longer_one_both_ends_are_named(sentence: list[str]) -> None:
    link = link_to(cite(("", " ".join(sentence), ""), url=PAGE))
    if link != PAGE:
        first, last = directive(link).split(",")
        assert unquote(first) == " ".join(sentence[:6])
        assert unquote(last) == " ".join(sentence[-6:])


def test_a_link_lands_on_the_sentence_also_on_a_page_with_an_anchor_or_an_older_directive() -> None:
    assert link_to(cite(("", "They met.", ""), url=f"{PAGE}#top")) == f"{PAGE}#top:~:text=They%20met."
    assert link_to(cite(("", "They met.", ""), url=f"{PAGE}#:~:text=Other")) == f"{PAGE}#:~:text=They%20met."
    assert link_to(cite(("", "They met.", ""), url=PAGE)) == f"{PAGE}#:~:text=They%20met."


def test_without_a_marked_sentence_the_page_is_linked() -> None:
    assert link_to(cite(("They met.", "", ""), url=PAGE)) == PAGE


def test_a_link_that_would_be_too_long_leaves_the_sentence_away() -> None:
    sentence = " ".join("ø" * 60 for _ in range(12))
    assert link_to(cite(("", sentence, ""), url=PAGE)) == PAGE


def test_a_sentence_that_stands_no_more_is_not_linked_to() -> None:
    citation = cite(url=f"{PAGE}#top")
    assert link_to(outdated_from(citation)) == f"{PAGE}#top"
    assert link_to(outdated_from(citation, removed=True)) == f"{PAGE}#top"
    assert link_to(outdated_from(citation, stands=True)) == link_to(citation) != f"{PAGE}#top"
