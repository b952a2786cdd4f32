import gzip
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.errors import NoArticle
from corpus.readers.pages import Page, extract_page
from corpus.readers.pages.decoding import MAX_PAGE_BYTES, decode_page
from retrieval.dates import PartialDate
from tests.corpus.web_pages import BODY, HEAD, LAST, LEDE, SECOND, THIRD, TITLE, page, paragraphs


def extract(html: str, url: str | None = None) -> Page:
    return extract_page(html.encode(), url=url)


def text_of(html: str) -> list[str]:
    return extract(html).text.split("\n\n")


# Fields


def test_a_page_gives_an_article() -> None:
    assert extract(page(paragraphs(*BODY))) == Page(
        title=TITLE,
        author="Ana Brandt",
        source="Coast Courier",
        url="https://courier.example/2024/harbour",
        published=PartialDate(2024, 7, 9),
        updated=PartialDate(2024, 7, 11),
        language="en",
        text="\n\n".join(BODY),
    )


def test_what_a_page_does_not_tell_is_empty() -> None:
    found = extract(page(paragraphs(*BODY), head="", language=""))
    assert (found.title, found.text) == (TITLE, "\n\n".join(BODY))
    assert (found.author, found.source, found.url, found.language) == ("", "", "", "")
    assert (found.published, found.updated) == (None, None)


def test_a_year_in_the_footer_dates_no_article() -> None:
    assert extract(page(paragraphs(*BODY), head="", around="<p>© 2019 Coast Courier</p>")).published is None


def test_a_change_on_the_same_day_is_no_update() -> None:
    head = HEAD.replace("2024-07-11", "2024-07-09")
    assert extract(page(paragraphs(*BODY), head)).updated is None


def test_json_ld_gives_fields_too() -> None:
    head = """<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle",
        "headline": "Port Selin’s Harbour Opens After the Storm", "datePublished": "2023-02-01T09:00:00Z",
        "author": {"@type": "Person", "name": "Jo Berg"}}</script>"""
    found = extract(page(paragraphs(*BODY), head), url="https://www.courier.example/a")
    assert (found.title, found.author, found.published) == (TITLE, "Jo Berg", PartialDate(2023, 2, 1))


@pytest.mark.parametrize("title", [f"{TITLE} - Coast Courier", f"{TITLE} | COAST COURIER", f"{TITLE} – CoastCourier"])
def test_the_outlets_name_is_no_part_of_the_title(title: str) -> None:
    head = f'<title>{title}</title><meta property="og:site_name" content="Coast Courier">'
    assert extract(page(paragraphs(*BODY), head)).title == TITLE


def test_a_dash_within_a_title_stays() -> None:
    head = (
        '<meta property="og:title" content="Port Selin – open again"><meta property="og:site_name" content="Courier">'
    )
    assert extract(page(paragraphs(*BODY), head)).title == "Port Selin – open again"


@pytest.mark.parametrize(
    ("links", "given_url", "expected"),
    [
        ('<link rel="canonical" href="/a/1#top">', "https://courier.example/x?ref=home", "https://courier.example/a/1"),
        ('<meta property="og:url" content="https://courier.example/b">', None, "https://courier.example/b"),
        ('<link rel="canonical" href="https://courier.example/">', "https://c.example/7", "https://c.example/7"),
        ('<link rel="canonical" href="https://courier.example/">', None, ""),
        ('<link rel="canonical" href="/a/1">', None, ""),
        ('<link rel="canonical" href="http://[broken">', "https://c.example/7", "https://c.example/7"),
        ('<link rel="canonical" href="javascript:void(0)">', None, ""),
        ('<link rel="canonical" href="https://c.example/?p=12">', None, "https://c.example/?p=12"),
        ("", "https://c.example/7", "https://c.example/7"),
    ],
)
def test_the_canonical_address_counts_before_the_given_one(links: str, given_url: str | None, expected: str) -> None:
    assert extract(page(paragraphs(*BODY), links), url=given_url).url == expected


def test_without_a_site_name_the_host_is_the_source() -> None:
    found = extract(page(paragraphs(*BODY), ""), url="https://www.courier-of-the-coast.example/7")
    assert "courier" in found.source.lower()


# Text


def test_paragraphs_are_kept_apart_and_furniture_goes() -> None:
    article = (
        '<div class="byline">By Ana Brandt</div><p>Share this article</p>'
        + paragraphs(LEDE, SECOND)
        + "<p>Advertisement</p>"
        + paragraphs(THIRD)
        + "<p>Read more: <a href='/strike'>Pilots Vote on a Strike</a></p>"
        + paragraphs(LAST)
        + '<div class="comments"><p>First! I was there and nobody ever asked me about the wall at all.</p></div>'
    )
    consent = '<div class="cookie-banner"><p>We use cookies to make this site work. By going on you agree.</p></div>'
    assert text_of(page(article, around=consent)) == list(BODY)


def test_captions_go() -> None:
    article = (
        paragraphs(LEDE)
        + '<figure><img src="a.jpg"><figcaption>The wall in March. Jo Berg/Courier</figcaption></figure>'
        + paragraphs(SECOND)
        + '<div><img src="b.jpg"><br><span class="small">Stones for the outer wall</span></div>'
        + paragraphs(THIRD, LAST)
    )
    assert text_of(page(article)) == list(BODY)


def test_the_headline_is_not_repeated_in_the_text() -> None:
    head = '<meta property="og:title" content="Selin opens">'
    assert text_of(page(paragraphs(*BODY), head)) == list(BODY)


def test_a_quoted_post_stays_with_its_author() -> None:
    post = (
        '<div class="social-embed"><blockquote class="twitter-tweet"><p>The wall holds, and we sail at noon with the '
        "whole fleet.</p>— Port Selin (@selin) <a href='https://t.example/1'>July 9, 2024</a></blockquote></div>"
    )
    text = extract(page(paragraphs(LEDE, SECOND) + post + paragraphs(THIRD, LAST))).text
    assert "we sail at noon" in text
    assert "Port Selin (@selin)" in text


def test_a_span_in_a_sentence_stays_whatever_it_is_classed_as() -> None:
    sentence = (
        'The ministry says that <span class="link share-tags"><a href="/w">the wall will hold</a></span> for as long '
        "as anybody now living will need it."
    )
    flat = "The ministry says that the wall will hold for as long as anybody now living will need it."
    assert flat in text_of(page(paragraphs(LEDE, sentence, SECOND, LAST)))


def test_a_form_for_a_newsletter_goes() -> None:
    form = (
        "<div><h3>The Morning Tide</h3><p>All the news of the coast, every day before the first ferry leaves the "
        "harbour.</p><form><input type='email' name='e'></form></div>"
    )
    assert text_of(page(paragraphs(LEDE, SECOND) + form + paragraphs(THIRD, LAST))) == list(BODY)


def test_an_article_in_several_boxes_of_one_class_is_joined() -> None:
    long = [f"{part} {THIRD}" for part in BODY]
    advert = '<div class="row ad"><span>Advertisement</span></div>'
    boxes = [
        f'<div class="grid"><div class="col article__body">{paragraphs(*half)}</div></div>'
        for half in (long[:2], long[2:])
    ]
    html = f"<html><head>{HEAD}</head><body><main><h1>{TITLE}</h1>{advert.join(boxes)}</main></body></html>"
    assert text_of(html) == long


def test_text_that_stands_loose_before_a_heading_stays() -> None:
    opening, wall, bill = (f"{text} {SECOND}" for text in (LEDE, THIRD, LAST))
    article = f"<section>{opening}<p></p><h2>The wall</h2><p>{wall}</p><h2>The bill</h2><p>{bill}</p></section>"
    assert text_of(page(article)) == [opening, "The wall", wall, "The bill", bill]


def test_an_article_in_a_layout_table_has_its_paragraphs() -> None:
    long = [f"{part} {THIRD}" for part in BODY]
    table = f"<table><tr><td>Menu</td><td><h1>{TITLE}</h1>{paragraphs(*long)}</td></tr></table>"
    assert text_of(f"<html><head>{HEAD}</head><body>{table}</body></html>") == long


def test_a_table_of_figures_stays_a_table() -> None:
    rows = "".join(f"<tr><td>{year}</td><td>{year - 1000} ships</td></tr>" for year in range(2019, 2024))
    assert (
        "2021 | 1021 ships"
        in extract(page(paragraphs(LEDE, SECOND) + f"<table>{rows}</table>" + paragraphs(LAST))).text
    )


def test_text_between_line_breaks_is_parted_into_paragraphs() -> None:
    box = f'<div class="content">{"<br><br>".join(BODY)}</div>'
    html = f'<html><head>{HEAD}</head><body><div id="a"><h1>{TITLE}</h1>{box}</div></body></html>'
    assert text_of(html) == list(BODY)


def test_a_list_of_links_at_the_end_goes_and_a_list_in_the_article_stays() -> None:
    facts = "".join(
        f"<li>{fact}</li>" for fact in ("It is 900 metres long.", "It cost eleven ships.", "It took 80 days.")
    )
    stories = ("pilots vote again, and", "the ferries are late, but", "nobody was asked, yet", "a whale came by, and")
    links = "".join(f"<li>Another story: {told} <a href='/{told}'>it ended well</a></li>" for told in stories)
    text = extract(
        page(paragraphs(LEDE, SECOND, THIRD) + f"<ul>{facts}</ul>" + paragraphs(LAST) + f"<hr><ul>{links}</ul>")
    ).text
    assert "It cost eleven ships." in text
    assert "Another story" not in text


def test_a_card_around_a_paragraph_is_no_part_of_the_article() -> None:
    card = (
        '<a href="/guide"><p>Night on the pier is the guide to all that opens late in Port Selin this summer.</p></a>'
    )
    assert text_of(page(paragraphs(LEDE, SECOND) + card + paragraphs(THIRD, LAST))) == list(BODY)


@pytest.mark.parametrize(
    "closing",
    [
        ["Reporting by Jo Berg; editing by Ana Brandt"],
        ["Courier writers Jo Berg and Li Wei contributed to this report."],
        ["Follow Coast Courier on Facebook, Instagram and X.", "Listen to us live at 12:45, or listen back here."],
        ["Jo Berg may be reached at jberg@courier.example. Have a tip? Tell us."],
        ["Something to Consider", "If you enjoyed this article, we have a proposition for you: become a member."],
        ["Get the latest updates right in your inbox."],
        ["This document is subject to copyright. No part may be reproduced without permission."],
    ],
)
def test_what_closes_an_article_goes(closing: list[str]) -> None:
    assert text_of(page(paragraphs(*BODY, *closing))) == list(BODY)


def test_the_words_of_a_closing_stay_within_the_article() -> None:
    inside = "Ms Berg contributed to this report before she was arrested, the ministry of the interior said on Monday."
    assert inside in text_of(page(paragraphs(LEDE, inside, SECOND, THIRD, LAST)))


def test_an_article_that_is_one_paragraph_keeps_it() -> None:
    line = "Follow the pilots on Twitter, the harbour master advised the captains of all ships that wait for a berth."
    assert text_of(page(paragraphs(line))) == [line]


# Bytes

WORD = "Café Übersee – “naïve” harbour"


def written(charset: str, declared: str = "") -> bytes:
    meta = f'<meta charset="{declared}">' if declared else ""
    body = paragraphs(f"{WORD}. {SECOND}", LAST)
    html = f"<html><head>{meta}<title>Port Selin opens</title></head><body>{body}</body></html>"
    return html.encode(charset)


@pytest.mark.parametrize(
    "data",
    [
        written("utf-8", "utf-8"),
        written("utf-8"),
        written("utf-8", "iso-8859-1"),
        written("windows-1252", "windows-1252"),
        written("windows-1252", "iso-8859-1"),
        written("windows-1252"),
        written("windows-1252", "utf-8"),
        written("windows-1252", "hex"),
        written("windows-1252", "no-such-charset"),
        written("utf-8-sig"),
        written("utf-16"),
        b"\xfe\xff" + written("utf-16-be"),
        gzip.compress(written("utf-8")),
    ],
)
def test_letters_survive_whatever_the_page_declares(data: bytes) -> None:
    assert WORD in extract_page(data).text


def test_the_responses_charset_counts_before_the_pages() -> None:
    data = written("utf-8", "utf-8").decode().replace("Café", "Кафе").replace("Übersee – “naïve”", "море")
    data = data.replace("“", '"').replace("”", '"').replace("’", "'")
    assert "Кафе море" in extract_page(data.encode("koi8-r"), content_type="text/html; charset=KOI8-R").text


def test_a_few_broken_bytes_do_not_turn_a_page_into_another_encoding() -> None:
    data = written("utf-8", "utf-8").replace(b"months", b"mo\xffths") + b"<p>\xe2\x80</p>"
    assert WORD in extract_page(data).text


def test_broken_entities_and_controls_do_no_harm() -> None:
    text = extract(page(paragraphs(f"&nosuch; &#xD800; &#0; a\x00b &amp {LEDE}", SECOND, LAST))).text
    assert LEDE in text
    assert "\x00" not in text
    assert not any("\ud800" <= letter <= "\udfff" for letter in text)


def test_entities_of_a_pages_own_are_not_expanded() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "bomb" * 10}">' for n in range(9))
    html = f"<!DOCTYPE html [{entities}]><html><body>{paragraphs(*BODY)}<p>&e8;</p></body></html>"
    assert len(extract(html).text) < 10_000


@pytest.mark.parametrize(
    "data",
    [
        b"x" * (MAX_PAGE_BYTES + 1),
        gzip.compress(b"<p>x" * MAX_PAGE_BYTES),
        gzip.compress(b"x" * MAX_PAGE_BYTES) + gzip.compress(b"x" * 10),
    ],
)
def test_a_page_that_is_too_long_is_refused_before_it_is_unpacked(data: bytes) -> None:
    with pytest.raises(NoArticle, match="longer than 8 MiB"):
        extract_page(data)


DAMAGED = [gzip.compress(b"<p>x", mtime=0)[:-6], b"\x1f\x8b\x08 no gzip at all", gzip.compress(b"a", mtime=0)[:9]]


@pytest.mark.parametrize("data", DAMAGED)
def test_a_damaged_archive_says_so(data: bytes) -> None:
    with pytest.raises(NoArticle, match="gzip"):
        extract_page(data)


def test_several_members_are_one_page() -> None:
    html = page(paragraphs(*BODY)).encode()
    assert decode_page(gzip.compress(html[:300]) + gzip.compress(html[300:])) == html.decode()


def test_bytes_after_an_archive_are_left() -> None:
    assert decode_page(gzip.compress(b"<p>x") + b"\0\0") == "<p>x"


def test_deep_nesting_ends_no_run() -> None:
    deep = "<div><span>" * 100_000
    assert text_of(page(paragraphs(*BODY), around=deep))[0] == LEDE
    with pytest.raises(NoArticle):
        extract(f"<html><body>{deep}{paragraphs(*BODY)}")


def test_a_page_of_more_elements_than_any_article_has_is_refused() -> None:
    with pytest.raises(NoArticle, match="more than 100,000 elements"):
        extract(page(paragraphs(*BODY), around="<b></b>" * 100_001))


def test_json_ld_of_another_shape_ends_no_run() -> None:
    for script in ("[" * 100_000, "{" * 50, '{"@type": 7, "author": [[]], "datePublished": {}}', "null", '"x"'):
        head = f'<script type="application/ld+json">{script}</script>'
        assert text_of(page(paragraphs(*BODY), head)) == list(BODY)


# No article


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("", "is empty"),
        (" \n ", "is empty"),
        ("<!-- nothing -->", "holds no article|is empty"),
        ("<html><body></body></html>", "holds no article"),
        (
            "<title>404 Not Found</title><p>The page that you asked for is not on this server any more.</p>",
            "error page",
        ),
        ("<title>Page not found | Courier</title><p>We looked everywhere, and the page is not here.</p>", "error page"),
        ("<title>Access denied</title><p>You are not allowed to read this page from where you are.</p>", "error page"),
        (
            "<title>Courier</title><p>Enter your name and your password to read on, please.</p><input type=password>",
            "login",
        ),
        (
            "<title>Courier</title><ul><li><a href=/a>Ferry fares</a></li><li><a href=/b>Regatta</a></li></ul>",
            "no article",
        ),
    ],
)
def test_a_page_without_an_article_says_what_it_is(html: str, said: str) -> None:
    with pytest.raises(NoArticle, match=said) as caught:
        extract(html)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_a_short_article_is_an_article() -> None:
    assert text_of(page(paragraphs(LEDE))) == [LEDE]


def test_an_article_on_errors_is_no_error_page() -> None:
    html = page(paragraphs(*BODY, *(f"{n}. {SECOND}" for n in range(4)))).replace(
        TITLE, "Not found: the ship that left"
    )
    assert LEDE in text_of(html)


def test_a_login_box_beside_an_article_does_not_hide_it() -> None:
    long = paragraphs(*BODY, *(f"{n}. {SECOND}" for n in range(4)))
    assert LEDE in text_of(page(long, around="<form><input type=password></form>"))


tags = st.sampled_from(
    "<p> </p> <div> </div> <br> <img> <span> </span> <a> </a> <ul><li> <h1> <input type=email> <table> <td> <article> "
    "<blockquote class=twitter-tweet> <div class=article-body> <svg> <frameset> <template> <!-- --> <script> <body> "
    "<html> </html> <meta charset=utf-16> <time datetime=9999-99-99> <link rel=canonical href=//[> <base href=x> "
    "&#x110000;".split(" ")
)
markup = st.lists(tags | st.text(max_size=40) | st.sampled_from(BODY), max_size=60).map("".join)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=2000) | markup.map(lambda html: html.encode("utf-8", "replace")), st.booleans())
def test_any_bytes_give_a_page_or_no_article(data: bytes, packed: bool) -> None:
    try:
        found = extract_page(gzip.compress(data) if packed else data, url="https://courier.example/1")
    except NoArticle:
        return
    assert found.title
    assert found.text == found.text.strip() != ""
    assert "\n\n\n" not in found.text


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300), st.none() | st.text(max_size=30))
def test_any_bytes_are_decoded(data: bytes, content_type: str | None) -> None:
    try:
        decode_page(data, content_type)
        decode_page(zlib.compress(data, wbits=31), content_type)
    except NoArticle:
        assert data.startswith(b"\x1f\x8b")
