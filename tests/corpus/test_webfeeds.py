import datetime as dt
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import select

from corpus.catalogue import Catalogue
from corpus.feed_options import FeedKind, FeedOptions, OutletFacts
from corpus.feed_preview import preview
from corpus.feed_records import FeedState, Publisher
from corpus.feed_register import FeedRegister
from corpus.indexer import Indexer, IndexRun
from corpus.tables import articles
from retrieval.index.embedded import EmbeddedIndexStore
from tests.corpus.web import HOST, Site, endless, fake_extract, fetcher, item, page, rss, serving, sitemap
from tests.fakes import CountingEncoder, record, write_jsonl

OSLO = "Envoys of both countries met in Oslo on Monday and spoke of grain."
BERGEN = "The ferry to Bergen was late again because of the autumn storm."
NARVIK = "Iron ore leaves Narvik by ship, as it has for a hundred years."
NEWS = FeedOptions(allow_private=frozenset({HOST}))


@dataclass
class Clock:
    """Stands still until it is turned."""

    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def __call__(self) -> dt.datetime:
        return self.now


@dataclass
class Newsroom:
    """A data folder with one article of its own, so that a failing feed does not leave it empty, and a site."""

    site: Site
    catalogue: Catalogue
    register: FeedRegister
    indexer: Indexer
    clock: Clock

    def add(self, path: str, options: FeedOptions = NEWS, **changes: object) -> str:
        options = options.model_copy(update=changes)
        return self.register.add(self.site.url(path), options, name=path.strip("/")).known.name

    def index(self) -> IndexRun:
        self.site.asked.clear()
        return self.indexer.run()

    def ids(self, feed: str) -> list[str]:
        rows = self.catalogue._rows(select(articles.c.id).where(articles.c.feed == feed).order_by(articles.c.id))
        return [article_id.removeprefix(self.site.url("")) for (article_id,) in rows]

    def state(self, feed: str) -> FeedState:
        return next(state for state in self.catalogue.feed_states() if state.name == feed)

    def error(self, path: str, options: FeedOptions = NEWS, **changes: object) -> str:
        """The one line that indexing a feed gives."""
        self.add(path, options, **changes)
        (error,) = self.index().errors
        assert "\n" not in error
        return error


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    encoder = CountingEncoder()
    catalogue = Catalogue(tmp_path / "data" / "catalogue.sqlite3")
    store = EmbeddedIndexStore(tmp_path / "data" / "index", encoder.fingerprint, encoder.dimension)
    clock = Clock()
    register = FeedRegister(catalogue, fake_extract, make_fetcher=fetcher, clock=clock)
    own = write_jsonl(tmp_path / "own.jsonl", record("own", "A text of our own about nothing much."))
    register.add(str(own), FeedOptions())
    with serving() as site:
        indexer = Indexer(catalogue, store, encoder, tmp_path / "data", register)
        yield Newsroom(site, catalogue, register, indexer, clock)
    catalogue.close()


def article(room: Newsroom, path: str):  # type: ignore[no-untyped-def] # noqa: ANN201
    found = room.catalogue.article(room.site.url(path))
    assert found is not None
    return found


# RSS and Atom


def test_articles_come_from_the_pages_that_a_feed_lists(room: Newsroom) -> None:
    room.site.pages |= {
        "/rss": rss(item(room.site.url("/oslo?utm_source=rss"), "Talks in Oslo"), item("/bergen", "Late ferry")),
        "/oslo": page(OSLO, title="Envoys talk", source="Oslo Times", published="2023"),
        "/bergen": page(BERGEN),
    }
    room.add("/rss")
    run = room.index()
    assert (run.errors, run.added) == ([], 3)
    assert room.ids("rss") == ["/bergen", "/oslo"]
    oslo, bergen = article(room, "/oslo"), article(room, "/bergen")
    assert (oslo.title, oslo.source, str(oslo.published), oslo.text) == (
        "Envoys talk",
        "Oslo Times",
        "2024-07-09",
        OSLO,
    )
    assert (bergen.title, bergen.source) == ("Late ferry", "The Wire")
    assert room.state("rss").kind == "rss"


def test_what_a_feed_lists_no_longer_stays_and_what_it_lists_still_is_not_fetched_again(room: Newsroom) -> None:
    room.site.pages |= {"/rss": rss(item("/oslo")), "/oslo": page(OSLO), "/bergen": page(BERGEN)}
    room.add("/rss")
    room.index()
    room.site.pages["/rss"] = rss(item("/bergen"))
    run = room.index()
    assert (run.added, run.removed) == (1, 0)
    assert room.ids("rss") == ["/bergen", "/oslo"]
    room.index()
    assert room.site.paths() == ["/rss"]


def test_a_correction_that_the_feed_does_not_tell_of_is_found_while_the_article_is_new(room: Newsroom) -> None:
    today = f"{room.clock.now:%a, %d %b %Y 00:00:00 GMT}"

    def unless_known(request: web.Request) -> web.Response:
        known = request.headers.get("If-None-Match") == '"1"'
        listed = rss(item("/oslo", date=today), item("/bergen"))
        return web.Response(status=304) if known else web.Response(body=listed, headers={"ETag": '"1"'})

    room.site.pages |= {"/rss": unless_known, "/oslo": page(OSLO), "/bergen": page(BERGEN)}
    room.add("/rss")
    room.index()
    room.site.pages |= {"/oslo": page(f"{OSLO} Not of grain, as was said."), "/bergen": page(NARVIK)}
    assert room.index().changed == 0
    assert room.site.paths() == ["/rss"]
    room.clock.now += dt.timedelta(hours=6)
    assert room.index().changed == 1
    assert room.site.paths() == ["/rss", "/oslo"]
    assert article(room, "/oslo").text.endswith("as was said.")
    assert room.index().changed == 0
    assert room.site.paths() == ["/rss"]


def test_an_entry_that_says_it_has_changed_is_fetched_again(room: Newsroom) -> None:
    room.site.pages |= {"/rss": rss(item("/oslo")), "/oslo": page(OSLO)}
    room.add("/rss")
    room.index()
    room.site.pages |= {"/rss": rss(item("/oslo", "Talks, corrected")), "/oslo": page(OSLO + " Corrected.")}
    assert room.index().changed == 1


def test_a_feed_that_has_not_changed_is_not_sent_again(room: Newsroom) -> None:
    def feed(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304)
        return web.Response(body=rss(item("/oslo"), item("/down")), headers={"ETag": '"1"'})

    room.site.pages |= {"/rss": feed, "/oslo": page(OSLO), "/down": lambda request: web.Response(status=500)}
    room.add("/rss")
    assert len(room.index().errors) == 1
    room.site.pages["/down"] = page(BERGEN)
    assert room.index().added == 1, "what failed is tried again, though the feed has not changed"
    room.index()
    assert room.site.paths() == ["/rss"]
    assert room.ids("rss") == ["/down", "/oslo"]
    assert room.state("rss").last_error is None


def test_the_whole_text_in_a_feed_is_taken_from_there(room: Newsroom) -> None:
    paragraphs = "".join(f"<p>{OSLO} &amp; {number}.</p>" for number in range(20))
    room.site.pages["/rss"] = rss(item("/oslo", more=f"<description><![CDATA[{paragraphs}]]></description>"))
    room.add("/rss")
    assert room.index().errors == []
    assert room.site.paths() == ["/rss"]
    assert article(room, "/oslo").text.startswith(f"{OSLO} & 0.\n\n{OSLO} & 1.")


def test_atom_is_read_too(room: Newsroom) -> None:
    room.site.pages |= {
        "/atom": b'<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title><entry><title>T</title><id>urn:1</id>'
        b'<updated>2024-07-09T10:00:00Z</updated><link href="/oslo"/></entry></feed>',
        "/oslo": page(OSLO),
    }
    room.add("/atom")
    assert room.index().errors == []
    assert str(article(room, "/oslo").published) == "2024-07-09"


def test_one_article_with_two_addresses_is_one(room: Newsroom) -> None:
    room.site.pages |= {
        "/rss": rss(item("/oslo"), item("/amp/oslo"), item("/oslo?fbclid=7")),
        "/oslo": page(OSLO),
        "/amp/oslo": page(OSLO, url="/oslo"),
    }
    room.add("/rss")
    assert room.index().errors == []
    assert room.ids("rss") == ["/oslo"]


def test_two_articles_with_one_address_are_told(room: Newsroom) -> None:
    room.site.pages |= {
        "/rss": rss(item("/oslo"), item("/bergen")),
        "/oslo": page(OSLO),
        "/bergen": page(BERGEN, url="/oslo"),
    }
    assert "/oslo: is the address of two articles that differ: the first one was kept" in room.error("/rss")
    assert article(room, "/oslo").text == OSLO


def test_an_article_of_the_future_loses_its_date(room: Newsroom) -> None:
    room.site.pages |= {"/rss": rss(item("/oslo", date="Tue, 09 Jul 2999 10:00:00 GMT")), "/oslo": page(OSLO)}
    assert "is dated 2999-07-09, which is in the future: it is kept without a date" in room.error("/rss")
    assert article(room, "/oslo").published is None


def test_articles_that_become_too_old_go(room: Newsroom) -> None:
    room.site.pages |= {
        "/rss": rss(item("/oslo"), item("/bergen", date="")),
        "/oslo": page(OSLO),
        "/bergen": page(BERGEN),
    }
    room.add("/rss")
    room.index()
    room.add("/rss", max_age=30)
    assert room.index().removed == 1
    assert room.ids("rss") == ["/bergen"]
    assert room.index().added == 0


def test_patterns_choose_among_addresses(room: Newsroom) -> None:
    room.site.pages |= {
        "/rss": rss(item("/world/oslo"), item("/world/live/x"), item("/sport/y")),
        "/world/oslo": page(OSLO),
    }
    room.add("/rss", include=("*/world/*",), exclude=("*/live/*",))
    assert room.index().errors == []
    assert room.site.paths() == ["/rss", "/world/oslo"]


def test_the_outlet_of_a_feed_is_that_of_its_articles(room: Newsroom) -> None:
    outlet = OutletFacts(name="State Wire", country="Norway", state_controlled=True)
    room.site.pages |= {"/rss": rss(item("/oslo")), "/oslo": page(OSLO, source="wire")}
    room.add("/rss", outlet=outlet)
    room.index()
    found = article(room, "/oslo")
    assert found.source == "State Wire"
    assert room.catalogue.publishers_of([found.id, "nobody"]) == {found.id: Publisher("State Wire", outlet)}


# What goes wrong


def test_a_feed_that_is_a_web_page_says_so(room: Newsroom) -> None:
    room.site.pages["/rss"] = b"<!doctype html><html><body>News</body></html>"
    assert "is a web page, no RSS or Atom feed: find the feed's own address" in room.error("/rss", kind=FeedKind.RSS)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "wants a login"),
        (403, "wants a login"),
        (404, "is not there: check the address"),
        (429, "asks to wait 3600 s"),
        (500, "fails there: try again later"),
    ],
)
def test_a_feed_that_fails_keeps_its_articles_and_stands_in_the_status(room: Newsroom, status: int, said: str) -> None:
    room.site.pages |= {"/rss": rss(item("/oslo")), "/oslo": page(OSLO)}
    room.add("/rss")
    room.index()
    working = room.state("rss")
    room.site.pages["/rss"] = lambda request: web.Response(status=status, headers={"Retry-After": "3600"})
    (error,) = room.index().errors
    assert error.startswith("rss: http://")
    assert said in error
    failing = room.state("rss")
    assert (failing.last_error, failing.last_success) == (error, working.last_success)
    assert failing.next_refresh is not None
    assert failing.next_refresh >= (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=50)).isoformat()
    assert room.ids("rss") == ["/oslo"]


def test_a_page_behind_a_login_is_told_and_the_others_come_in(room: Newsroom) -> None:
    room.site.pages |= {
        "/rss": rss(item("/paid"), item("/oslo")),
        "/paid": lambda request: web.Response(status=401),
        "/oslo": page(OSLO),
    }
    assert f"{room.site.url('/paid')}: wants a login" in room.error("/rss")
    assert room.ids("rss") == ["/oslo"]


def test_a_page_without_end_is_told(room: Newsroom) -> None:
    room.site.pages |= {"/rss": rss(item("/a")), "/a": lambda request: endless(request, 2**30)}  # type: ignore[dict-item,return-value]
    assert "/a: is longer than 8 MiB: leave it out" in room.error("/rss")


def test_a_feed_that_leads_inside_is_told_how_to_allow_it(room: Newsroom) -> None:
    assert "leads to 127.0.0.1, which is no public address" in room.error("/rss", FeedOptions())
    assert room.site.asked == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("kind", [FeedKind.RSS, FeedKind.SITEMAP])
def test_entities_are_not_read(room: Newsroom, encoding: str, kind: FeedKind) -> None:
    root = "rss" if kind is FeedKind.RSS else "urlset"
    bomb = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">'
        f'<!ENTITY c SYSTEM "file:///etc/passwd">]><{root}><channel><title>&b;&c;</title></channel></{root}>'
    )
    room.site.pages["/feed"] = bomb.encode(encoding)
    assert "defines the XML entity 'a', as attacks do: it is not read" in room.error("/feed", kind=kind)


@pytest.mark.parametrize("body", [b"", b"<rss>", b"\x00\xff\xfe", b"<rss version='2.0'><channel><item><link>"])
def test_a_broken_feed_gives_one_line(room: Newsroom, body: bytes) -> None:
    room.site.pages["/rss"] = body
    room.add("/rss", kind=FeedKind.RSS)
    assert len(room.index().errors) == 1


def test_a_feed_in_a_wrong_charset_is_read(room: Newsroom) -> None:
    room.site.pages |= {
        "/rss": rss(item("/oslo", "Smør")).replace(b"?>", b' encoding="ascii"?>', 1),
        "/oslo": page(OSLO),
    }
    room.add("/rss")
    assert room.index().errors == []
    assert article(room, "/oslo").title == "Smør"


# Sitemaps


def test_what_is_gone_from_a_sitemap_goes_and_what_has_not_changed_is_not_fetched(room: Newsroom) -> None:
    both = [(room.site.url("/oslo"), "2024-07-09"), (room.site.url("/bergen"), "2024-07-08")]
    room.site.pages |= {"/map.xml": sitemap(*both), "/oslo": page(OSLO), "/bergen": page(BERGEN)}
    room.add("/map.xml")
    assert room.index().added == 3
    assert room.site.paths() == ["/map.xml", "/oslo", "/bergen"]
    room.index()
    assert room.site.paths() == ["/map.xml"]
    room.site.pages["/map.xml"] = sitemap(both[0])
    assert room.index().removed == 1
    assert room.ids("map.xml") == ["/oslo"]


def test_an_index_of_sitemaps_leads_to_packed_ones_and_to_news(room: Newsroom) -> None:
    news = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/'
        'sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url>'
        f"<loc>{room.site.url('/bergen')}</loc><image:image><image:loc>http://x/y.png</image:loc></image:image>"
        "<news:news><news:publication_date>2024-07-01T08:00:00Z</news:publication_date><news:title>Late ferry"
        "</news:title></news:news></url></urlset>"
    ).encode()
    further = "".join(
        f"<sitemap><loc>{room.site.url(path)}</loc></sitemap>" for path in ("/a.xml.gz", "/news.xml", "/no")
    )
    room.site.pages |= {
        "/map.xml": f"<sitemapindex>{further}</sitemapindex>".encode(),
        "/a.xml.gz": gzip.compress(sitemap((room.site.url("/oslo"), "2024"))),
        "/news.xml": news,
        "/oslo": page(OSLO),
        "/bergen": page(BERGEN),
    }
    assert "leads to a sitemap that cannot be read" in room.error("/map.xml")
    assert room.ids("map.xml") == ["/bergen", "/oslo"]
    bergen = article(room, "/bergen")
    assert (bergen.title, str(bergen.published)) == ("Late ferry", "2024-07-01")


def test_a_page_that_fails_for_now_keeps_its_article_and_one_that_is_gone_does_not(room: Newsroom) -> None:
    paths = ("/oslo", "/bergen")
    room.site.pages |= {
        "/map.txt": "\n".join(map(room.site.url, paths)).encode(),
        "/oslo": page(OSLO),
        "/bergen": page(BERGEN),
    }
    room.add("/map.txt", kind=FeedKind.SITEMAP)
    room.index()
    room.site.pages |= {
        "/oslo": lambda request: web.Response(status=503),
        "/bergen": lambda request: web.Response(status=410),
    }
    run = room.index()
    assert (run.removed, len(run.errors)) == (1, 2)
    assert room.ids("map.txt") == ["/oslo"]


def test_a_bomb_as_a_sitemap_is_told(room: Newsroom) -> None:
    room.site.pages["/map.xml.gz"] = gzip.compress(b"\0" * (60 * 2**20))
    assert "unpacks to more than 50 MiB" in room.error("/map.xml.gz")


# Pages


def test_a_page_is_an_article_and_follows_its_changes(room: Newsroom) -> None:
    room.site.pages["/oslo"] = page(OSLO, title="Talks")
    room.add("/oslo")
    assert room.index().added == 2
    assert (room.state("oslo").kind, room.ids("oslo")) == ("page", ["/oslo"])
    room.site.pages["/oslo"] = page(NARVIK, title="Talks")
    assert room.index().changed == 1
    room.site.pages["/oslo"] = page("")
    assert "holds no article" in room.index().errors[0]
    assert article(room, "/oslo").text == NARVIK


# Several feeds


def test_a_feed_that_fails_does_not_stop_the_others(room: Newsroom) -> None:
    room.site.pages |= {"/rss": rss(item("/oslo")), "/oslo": page(OSLO)}
    for number in range(12):
        room.add(f"/gone{number}")
    room.add("/rss")
    run = room.index()
    assert len(run.errors) == 12
    assert room.ids("rss") == ["/oslo"]


def test_two_feeds_that_list_one_page_do_not_quarrel(room: Newsroom) -> None:
    room.site.pages |= {"/a": rss(item("/oslo")), "/b": rss(item("/oslo"), title="B"), "/oslo": page(OSLO)}
    room.add("/a")
    room.add("/b")
    assert room.index().errors == []
    assert (room.ids("a"), room.ids("b")) == (["/oslo"], [])


def test_a_try_stores_nothing(room: Newsroom) -> None:
    room.site.pages |= {"/rss": rss(item("/oslo"), item("/no")), "/oslo": page(OSLO)}
    room.add("/rss")
    for _ in range(2):
        seen = preview(room.register, room.register.find(["rss"])[0])
        assert [found.text for found in seen.articles] == [OSLO]
        assert (seen.kind, len(seen.errors)) == ("rss", 1)
    assert room.catalogue.count_articles() == 0
