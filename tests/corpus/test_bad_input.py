"""Whatever a feed may turn out to be: one clear line for it, and nothing else suffers.

=============================================  ==================================================
what                                           where besides
=============================================  ==================================================
a feed that is HTML                            test_webfeeds
a page behind a login: 401, 403, a form        test_webfeeds, test_fetching
404, 429 with Retry-After, 500                 test_webfeeds, test_fetching
a redirect loop, a redirect to 169.254.169.254 test_fetching
a zip bomb by gzip, a 1 GB page                test_fetching, test_webfeeds
a PDF that is encrypted, scanned, broken       test_readers_pdf
an article in the future                       test_webfeeds
two articles with one URL, one with two        test_webfeeds
an empty folder, a symlink loop                test_feeds
a folder or a file without permission          here
a file that changes while it is read           test_feeds
a ``feeds.toml`` with a typo                   test_feeds_file
a fault of our own in one feed                 here
=============================================  ==================================================
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import web
from pypdf import PdfWriter
from sqlalchemy import text

from corpus.catalogue import Catalogue
from corpus.errors import FeedsFileError
from corpus.feed_options import FeedKind, FeedOptions
from corpus.feed_register import FeedRegister
from corpus.fetching.client import Fetcher
from corpus.indexer import Indexer, IndexRun
from corpus.readers.pages import extract_page
from corpus.webfeeds.port import Page
from retrieval.encoders.fake import FakeEncoder
from retrieval.index.embedded import EmbeddedIndexStore
from tests.corpus.test_readers_pdf import LINES, pdf, written
from tests.corpus.web import HOST, QUICK, Names, Site, endless, item, rss, serving, sitemap
from tests.corpus.web_pages import BODY, HEAD, paragraphs
from tests.corpus.web_pages import page as news_page
from tests.fakes import record, write_jsonl

ROOT = Path(__file__).parents[2]
GOOD = news_page(
    paragraphs(*BODY), HEAD.replace('<link rel="canonical" href="https://courier.example/2024/harbour">', "")
)
LOGIN = (
    b"<html><head><title>Sign in</title></head><body><form action='/login' method='post'><label>E-mail"
    b"<input name='user'></label><label>Password<input type='password' name='word'></label><button>Sign in</button>"
    b"</form></body></html>"
)
WEB = FeedOptions(allow_private=frozenset({HOST}))


@dataclass
class Newsroom:
    """A data folder, a folder for feeds on disk and a site; two feeds that are sound stand around the bad one."""

    folder: Path
    site: Site
    extract: Callable[..., Page] = extract_page
    catalogue: Catalogue = field(init=False)
    register: FeedRegister = field(init=False)
    file: Path | None = None

    def __post_init__(self) -> None:
        self.catalogue = Catalogue(self.folder / "data" / "catalogue.sqlite3")
        self.register = FeedRegister(
            self.catalogue,
            lambda data, *, url, content_type: self.extract(data, url=url, content_type=content_type),
            lambda: self.file,
            lambda: Fetcher(QUICK, resolver=Names()),
        )
        self.site.pages |= {"/good.xml": rss(item("/good")), "/good": GOOD.encode()}
        write_jsonl(self.folder / "before.jsonl", record("before", "Envoys met in Oslo."))
        self.add(str(self.folder / "before.jsonl"), FeedOptions(), "before")

    def add(self, location: str, options: FeedOptions, name: str) -> None:
        self.register.add(location, options, name)

    def index(self) -> IndexRun:
        encoder = FakeEncoder()
        store = EmbeddedIndexStore(self.folder / "data" / "index", encoder.fingerprint, encoder.dimension)
        return Indexer(self.catalogue, store, encoder, self.folder / "data", self.register).run()

    def articles(self, feed: str) -> dict[str, str]:
        query = text("SELECT a.id, r.text FROM articles a JOIN revisions r ON r.id = a.revision WHERE a.feed = :feed")
        return dict(self.catalogue._rows(query.bindparams(feed=feed)))

    def failing(self) -> dict[str, str | None]:
        return {state.name: state.last_error for state in self.catalogue.feed_states()}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    with serving() as site:
        room = Newsroom(tmp_path, site)
        yield room
        room.catalogue.close()


def status(code: int, **headers: str) -> Callable[[web.Request], web.Response]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=code, headers=named)


def locked_pdf() -> bytes:
    writer = PdfWriter(clone_from=BytesIO(pdf([LINES])))
    writer.encrypt("secret", algorithm="RC4-128")
    return written(writer)


@dataclass(frozen=True)
class Bad:
    """A feed on the web that goes bad: what its pages become, and what is then said."""

    said: str
    pages: dict[str, object]
    kind: FeedKind | None = None
    fails: bool = True
    """Whether the feed itself does; else only something in it."""


PACKED = gzip.compress(b"\0" * (60 * 2**20))
ON_THE_WEB = {
    "html": Bad("is a web page, no RSS or Atom feed: find the feed's own address", {"/feed": LOGIN}, FeedKind.RSS),
    "login 401": Bad("wants a login", {"/feed": status(401)}),
    "login 403": Bad("is forbidden, or wants a login", {"/feed": status(403)}),
    "login form": Bad("article", {"/feed": LOGIN}, FeedKind.PAGE),
    "page behind a login": Bad(
        "/new: wants a login", {"/feed": rss(item("/old"), item("/new")), "/new": status(401)}, fails=False
    ),
    "404": Bad("is not there: check the address", {"/feed": status(404)}),
    "429": Bad("is asked for too often", {"/feed": status(429, Retry_After="3600")}),
    "500": Bad("fails there: try again later", {"/feed": status(500)}),
    "redirect loop": Bad(
        "redirects in a loop", {"/feed": status(302, Location="/b"), "/b": status(302, Location="/feed")}
    ),
    "redirect inside": Bad("leads to 169.254.169.254", {"/feed": status(302, Location="http://169.254.169.254/meta")}),
    "gzip bomb": Bad(
        "is longer than 50 MiB",
        {"/feed": lambda _: web.Response(body=PACKED, headers={"Content-Encoding": "gzip"})},
    ),
    "gzip bomb as a file": Bad("unpacks to more than 50 MiB", {"/feed": PACKED}),
    "1 GB feed": Bad("is longer than 50 MiB", {"/feed": lambda request: endless(request, 2**30)}),
    "1 GB page": Bad(
        "/new: is longer than 8 MiB",
        {"/feed": rss(item("/old"), item("/new")), "/new": lambda request: endless(request, 2**30)},
        fails=False,
    ),
    "future": Bad(
        "is dated 2999-07-09, which is in the future: it is kept without a date",
        {
            "/feed": rss(item("/old"), item("/new", date="Tue, 09 Jul 2999 10:00:00 GMT")),
            "/new": GOOD.replace("Port", "Fort").encode(),
        },
        fails=False,
    ),
    "entities": Bad("defines the XML entity", {"/feed": b'<!DOCTYPE r [<!ENTITY a "b">]><rss>&a;</rss>'}, FeedKind.RSS),
    "broken": Bad("feed", {"/feed": b"<rss version='2.0'><channel><item>"}, FeedKind.RSS),
    "empty answer": Bad("feed", {"/feed": b""}, FeedKind.RSS),
}


@pytest.mark.parametrize("name", ON_THE_WEB)
def test_a_feed_on_the_web_that_goes_bad_gives_one_line_and_keeps_its_articles(name: str, room: Newsroom) -> None:
    bad = ON_THE_WEB[name]
    first = (
        {"/feed": GOOD.encode()} if bad.kind is FeedKind.PAGE else {"/feed": rss(item("/old")), "/old": GOOD.encode()}
    )
    room.site.pages |= first
    room.add(room.site.url("/feed"), WEB.model_copy(update={"kind": bad.kind}), "bad")
    room.add(room.site.url("/good.xml"), WEB, "good")
    assert room.index().errors == []
    held = room.articles("bad")
    assert len(held) == 1
    room.site.pages |= bad.pages  # type: ignore[arg-type]
    room.site.pages["/good"] = GOOD.replace("pilots", "captains").encode()
    room.site.pages["/good.xml"] = rss(item("/good", "Changed"))
    run = room.index()
    (error,) = run.errors
    assert error.startswith("bad: ")
    assert bad.said in error
    assert "\n" not in error
    assert held.items() <= room.articles("bad").items()
    assert "captains" in next(iter(room.articles("good").values()))
    assert (room.failing()["bad"] == error) is bad.fails
    assert room.failing()["good"] is None
    assert {feed.name: feed.errors for feed in run.feeds} == {"before": 0, "bad": 1, "good": 0}
    if bad.fails:
        assert room.index().errors == [error], "it is told until it works"


def test_a_feed_that_works_again_stands_in_the_status_no_more(room: Newsroom) -> None:
    room.site.pages |= {"/feed": status(500), "/old": GOOD.encode()}
    room.add(room.site.url("/feed"), WEB, "bad")
    for failures in (1, 2):
        room.index()
        state = next(state for state in room.catalogue.feed_states() if state.name == "bad")
        assert (state.failures, state.last_success) == (failures, None)
    room.site.pages["/feed"] = rss(item("/old"))
    room.index()
    state = next(state for state in room.catalogue.feed_states() if state.name == "bad")
    assert (state.failures, state.last_error) == (0, None)


def scanned() -> bytes:
    return pdf([[], []])


def write_bytes(data: bytes | Callable[[], bytes]) -> Callable[[Path], None]:
    return lambda file: file.write_bytes(data if isinstance(data, bytes) else data()) and None


def loop_of_links(file: Path) -> None:
    file.symlink_to(file.name)


@pytest.mark.parametrize(
    ("file", "make", "said"),
    [
        ("bad.pdf", write_bytes(locked_pdf), "is encrypted: save it without a password"),
        ("bad.pdf", write_bytes(scanned), "scanned pages"),
        ("bad.pdf", write_bytes(b"%PDF-1.7\nnothing"), "is a broken PDF"),
        ("bad.html", write_bytes(LOGIN), "article"),
        ("bad.txt", write_bytes(b"caf\xe9"), "is not UTF-8 at byte 3"),
        ("bad.txt", loop_of_links, "cannot be read (Too many levels of symbolic links)"),
        ("bad.md", write_bytes(b"---\ntitle: [\n---\nText."), "line"),
        (
            "bad.md",
            write_bytes(b"---\npublished: 2999-07-09\n---\nEnvoys will meet."),
            "is dated 2999-07-09, which is in the future: it is kept without a date",
        ),
        (
            "bad.jsonl",
            write_bytes(json.dumps(record("new", "Envoys will meet.", published="2999-07-09")).encode()),
            "'new' is dated 2999-07-09, which is in the future: correct it",
        ),
    ],
)
def test_a_bad_file_gives_one_line_that_names_its_feed_and_the_others_are_read(
    room: Newsroom, file: str, make: Callable[[Path], None], said: str
) -> None:
    for name in ("wire", "post"):
        folder = room.folder / name / "news"
        folder.mkdir(parents=True)
        (folder / "good.txt").write_text(f"Envoys met, says the {name}.")
        room.add(str(folder), FeedOptions(), name)
    make(room.folder / "wire" / "news" / file)
    run = room.index()
    (error,) = run.errors
    assert error.startswith(f"wire: {file}")
    assert said in error
    assert "wire/good.txt" in room.articles("wire")
    assert "post/good.txt" in room.articles("post")
    assert room.failing()["wire"] is None


def test_a_date_in_the_future_does_not_stretch_what_the_corpus_covers(room: Newsroom) -> None:
    records = (record("a", "A.", published="2024-07-09"), record("b", "B.", published="2999-01-01"))
    room.add(str(write_jsonl(room.folder / "dated.jsonl", *records)), FeedOptions(), "dated")
    room.index()
    encoder = FakeEncoder()
    store = EmbeddedIndexStore(room.folder / "data" / "index", encoder.fingerprint, encoder.dimension)
    horizon = store.current().info.horizon
    assert (horizon.articles, str(horizon.first), str(horizon.last)) == (3, "2024-07-09", "2024-07-09")
    kept = room.catalogue.article("b")
    assert kept is not None
    assert str(kept.published) == "2999-01-01"


def test_an_empty_folder_is_told_and_stands_in_the_status(room: Newsroom) -> None:
    (room.folder / "empty").mkdir()
    room.add(str(room.folder / "empty"), FeedOptions(), "empty")
    (error,) = room.index().errors
    assert "empty: " in error
    assert "holds no file to read: files end in " in error
    assert room.failing()["empty"] == error


def test_a_typo_in_the_feeds_file_is_told_with_its_line_and_nothing_is_changed(room: Newsroom) -> None:
    room.index()
    room.file = room.folder / "feeds.toml"
    room.file.write_text('[[feed]]\nname = "wire"\nlocatoin = "x"\n')
    with pytest.raises(FeedsFileError, match=r"line 3: 'locatoin' is no key of a feed: did you mean 'location'\?"):
        room.index()
    assert list(room.articles("before")) == ["before"]


# Faults of our own


def test_a_page_that_our_own_code_trips_over_costs_itself_alone(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    def extract(data: bytes, *, url: str | None, content_type: str | None) -> Page:
        if b"trips" in data:
            raise ValueError(data.decode())
        return extract_page(data, url=url, content_type=content_type)

    room.extract = extract
    room.site.pages |= {"/feed": rss(item("/a"), item("/b")), "/a": b"a secret that trips", "/b": GOOD.encode()}
    room.add(room.site.url("/feed"), WEB, "feed")
    (error,) = room.index().errors
    assert error.endswith(
        "/a: cannot be read: a fault of Backchannel (ValueError); the log says where, please report it"
    )
    assert len(room.articles("feed")) == 1
    assert "in extract" in caplog.text
    assert "a secret" not in caplog.text


@pytest.mark.parametrize("becomes", [b"this trips", LOGIN])
def test_a_page_of_a_sitemap_that_cannot_be_read_any_more_keeps_its_article(room: Newsroom, becomes: bytes) -> None:
    def extract(data: bytes, *, url: str | None, content_type: str | None) -> Page:
        if b"trips" in data:
            raise ValueError
        return extract_page(data, url=url, content_type=content_type)

    room.extract = extract
    room.site.pages |= {"/map.xml": sitemap((room.site.url("/a"), "2024-07-09")), "/a": GOOD.encode()}
    room.add(room.site.url("/map.xml"), WEB, "map")
    room.index()
    held = room.articles("map")
    room.site.pages |= {"/map.xml": sitemap((room.site.url("/a"), "2024-07-10")), "/a": becomes}
    run = room.index()
    assert (len(run.errors), run.removed) == (1, 0)
    assert room.articles("map") == held
    assert room.index().removed == 0
    assert room.articles("map") == held


class Tripping:
    """A resolver with a fault that nobody foresaw."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[object]:
        raise KeyError(host)

    async def close(self) -> None: ...


def test_a_feed_that_our_own_code_trips_over_costs_itself_alone_and_keeps_its_articles(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    room.site.pages |= {"/feed": rss(item("/a")), "/a": GOOD.encode()}
    room.add(room.site.url("/feed"), WEB, "feed")
    room.index()
    room.register = FeedRegister(
        room.catalogue,
        room.extract,
        make_fetcher=lambda: Fetcher(QUICK, resolver=Tripping()),  # type: ignore[arg-type]
    )
    after = write_jsonl(room.folder / "after.jsonl", record("after", "The ferry was late."))
    room.add(str(after), FeedOptions(), "after")
    run = room.index()
    (error,) = run.errors
    assert "(KeyError); the log says where" in error
    assert "in resolve" in caplog.text
    assert (len(room.articles("feed")), list(room.articles("after"))) == (1, ["after"])
    assert room.failing()["feed"] == error


# An article in several feeds


def test_an_article_that_moves_to_a_feed_read_earlier_is_there_all_the_time(room: Newsroom) -> None:
    later = room.folder / "later.jsonl"
    write_jsonl(later, record("talks", "Envoys met again."), record("ferry", "The ferry was late."))
    room.add(str(later), FeedOptions(), "later")
    room.index()
    write_jsonl(
        room.folder / "before.jsonl", record("before", "Envoys met in Oslo."), record("talks", "Envoys met at last.")
    )
    write_jsonl(later, record("ferry", "The ferry was late."))
    run = room.index()
    assert (run.removed, run.articles) == (0, 3)
    assert room.articles("before")["talks"] == "Envoys met at last."
    assert room.index().errors == []


def test_a_page_that_one_feed_drops_stays_with_another_that_lists_it(room: Newsroom) -> None:
    room.site.pages |= {
        "/map.xml": sitemap((room.site.url("/good"), "2024-07-09"), (room.site.url("/other"), "2024-07-09")),
        "/other": GOOD.replace("Selin", "Brandt").encode(),
    }
    room.add(room.site.url("/map.xml"), WEB, "map")
    room.add(room.site.url("/good.xml"), WEB, "good")
    room.index()
    assert (len(room.articles("map")), len(room.articles("good"))) == (2, 0)
    room.site.pages["/map.xml"] = sitemap((room.site.url("/other"), "2024-07-09"))
    assert room.index().removed == 0
    assert (len(room.articles("map")), len(room.articles("good"))) == (1, 1)
    assert room.catalogue.remove_feed("map") == 1
    assert len(room.articles("good")) == 1


# Permissions

_AS_NOBODY = """
import json, os, sys, tempfile
from pathlib import Path
from corpus.catalogue import Catalogue
from corpus.indexer import Indexer
from retrieval.encoders.fake import FakeEncoder
from retrieval.index.embedded import EmbeddedIndexStore
from sqlalchemy import text


def indexed(folder, feeds):
    encoder = FakeEncoder()
    catalogue = Catalogue(folder / "data" / "catalogue.sqlite3")
    store = EmbeddedIndexStore(folder / "data" / "index", encoder.fingerprint, encoder.dimension)
    run = Indexer(catalogue, store, encoder, folder / "data").run(feeds)
    ids = sorted(catalogue._column(text("SELECT id FROM articles")))
    catalogue.close()
    return {"errors": run.errors, "removed": run.removed, "ids": ids}


with tempfile.TemporaryDirectory() as warm:  # what is imported when it is needed may lie where nobody may read
    Path(warm, "a.txt").write_text("Envoys met.")
    indexed(Path(warm), [f"{warm}/a.txt"])
os.setegid(65534), os.seteuid(65534)
print(json.dumps(indexed(Path(sys.argv[1]), sys.argv[2:])))
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that anybody may enter and write to; pytest's own is closed to others."""
    folder = Path("/tmp") / f"backchannel-{os.getpid()}"  # noqa: S108
    folder.mkdir()
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def as_nobody(folder: Path, *feeds: Path) -> dict[str, list[str]]:
    """What indexing does in a process that permissions stop."""
    command = [sys.executable, "-c", _AS_NOBODY, str(folder), *map(str, feeds)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    ran = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, list[str]] = json.loads(ran.stdout)
    return answer


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(
    ("closed", "said", "read"),
    [
        ("wire/closed.txt", "wire: closed.txt: cannot be read (Permission denied)", True),
        ("wire/sub", "wire/sub: cannot be listed (Permission denied): give access to it, or leave it out", True),
        ("wire", "wire cannot be read (Permission denied): give access to it, or leave it out", False),
    ],
)
def test_what_may_not_be_read_is_told_in_one_line_and_nothing_of_it_goes(
    shared: Path, closed: str, said: str, read: bool
) -> None:
    (shared / "wire" / "sub").mkdir(parents=True)
    for name in ("a.txt", "closed.txt", "sub/b.txt"):
        (shared / "wire" / name).write_text(f"Envoys met in {name}.")
    before = as_nobody(shared, shared / "wire")
    assert (before["errors"], len(before["ids"])) == ([], 3)
    (shared / "wire" / "new.txt").write_text("The ferry was late.")
    (shared / closed).chmod(0)
    after = as_nobody(shared)
    (error,) = after["errors"]
    assert error.startswith("wire: ")
    assert said in error
    assert after["removed"] == 0
    assert set(before["ids"]) <= set(after["ids"])
    assert ("wire/new.txt" in after["ids"]) is read
