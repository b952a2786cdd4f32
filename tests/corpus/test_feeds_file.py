import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.catalogue import Catalogue
from corpus.errors import FeedError, FeedsFileError
from corpus.feed_options import FeedKind, FeedOptions, OutletFacts, interval_words
from corpus.feed_records import KnownFeed
from corpus.feed_register import FeedRegister, feeds_file
from corpus.feeds_file import line_of, read_feeds_file

WHOLE = """\
[[feed]]
name = "BBC World"
location = "https://feeds.example/world.xml"
kind = "rss"
refresh = "15m"
include = [
    "*/news/*",
]
max_age = 30
allow_private = ["Intranet.example"]
outlet = { name = "BBC News", country = "United Kingdom", state_controlled = false }

[[feed]]
name = "archive"
location = "texts"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "feeds.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
    yield catalogue
    catalogue.close()


def test_a_file_names_feeds_and_how_each_is_read(tmp_path: Path) -> None:
    first, second = read_feeds_file(write(tmp_path, WHOLE)).feed
    assert first.options() == FeedOptions(
        kind=FeedKind.RSS,
        outlet=OutletFacts(name="BBC News", country="United Kingdom", state_controlled=False),
        refresh=dt.timedelta(minutes=15),
        include=("*/news/*",),
        max_age=30,
        allow_private=frozenset({"intranet.example"}),
    )
    assert second.known(tmp_path) == KnownFeed("archive", str(tmp_path / "texts"))
    assert second.options() == FeedOptions()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("refresh =", "refesh =", "line 5: 'refesh' is no key of a feed: did you mean 'refresh'?"),
        ("country =", "contry =", "line 11: 'contry' is no key of an outlet: did you mean 'country'?"),
        ("[[feed]]", "[[feeds]]", "line 1: 'feeds' is no key of the file: did you mean 'feed'?"),
        ('"15m"', '"soon"', "line 5: 'soon' is no interval: write a number and m, h or d, such as 15m, 6h or 1d"),
        ('kind = "rss"', 'kind = "rrs"', "line 4: kind = 'rrs' cannot be used"),
        ("max_age = 30", "max_age = 0", "line 9: max_age = 0 cannot be used"),
        ('    "*/news/*",', "    7,", "line 6: include = 7 cannot be used"),
        ('location = "texts"', "", "line 13: a feed has no location"),
        ('"archive"', '"BBC World"', "line 14: the name 'BBC World' is taken by the feed of line 2"),
        ('"archive"', '"builtin"', "line 13: the name 'builtin' is the shipped briefs'"),
        ('"texts"', '"ftp://a.example"', "line 13: the location 'ftp://a.example' is no address of http or https"),
        ("https://", "https://me:pw@", "line 1: the location holds a user name or a password"),
        ('kind = "rss"', 'kind = "folder"', "line 1: a feed of kind 'folder' needs a path"),
        (
            '["Intranet.example"]',
            '"a.example"',
            "line 10: allow_private = 'a.example' cannot be used: write a list, such",
        ),
        ('name = "archive"', 'name = "a\\nb"', r"line 14: the name 'a\nb' cannot be used: write 1 to 100"),
        ('name = "archive"', 'name = "a\\u202Eb"', r"the name 'a\u202eb' cannot be used"),
        ('name = "archive"', f'name = "{"x" * 101}"', "cannot be used: write 1 to 100 characters"),
        ("max_age = 30", "max_age = ", "is no TOML: Invalid value (at line 9"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = write(tmp_path, WHOLE.replace(old, new))
    with pytest.raises(FeedsFileError) as caught:
        read_feeds_file(file)
    message = str(caught.value)
    assert message.startswith(str(file))
    assert said in message
    assert "\n" not in message
    assert "me:pw" not in message


def test_a_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_bytes(b"# \xff")
    with pytest.raises(FeedsFileError, match="not UTF-8 at byte 2"):
        read_feeds_file(tmp_path / "feeds.toml")
    with pytest.raises(FeedsFileError, match="cannot be read"):
        read_feeds_file(tmp_path)


@given(st.integers(0, 30), st.integers(0, 5))
def test_the_line_of_a_key_is_found_among_comments_and_other_keys(comments: int, feed: int) -> None:
    text = "".join("[[feed]]\n" + "# name = 'x'\n" * comments + "name = 'a'\n" for _ in range(6))
    assert line_of(text, ("feed", feed, "name")) == feed * (comments + 2) + comments + 2


@given(st.integers(1, 9999), st.sampled_from("mhd"))
def test_an_interval_reads_as_it_is_written(number: int, unit: str) -> None:
    interval = FeedOptions.model_validate({"refresh": f"{number}{unit}"}).refresh
    assert FeedOptions.model_validate({"refresh": interval_words(interval)}).refresh == interval


def test_the_file_lies_in_the_data_folder_or_where_it_is_named(tmp_path: Path) -> None:
    assert feeds_file(tmp_path, None) is None
    file = write(tmp_path, "")
    assert feeds_file(tmp_path, None) == file
    assert feeds_file(tmp_path / "elsewhere", file) == file
    with pytest.raises(FeedsFileError, match="BACKCHANNEL_FEEDS='/nowhere' is no file"):
        feeds_file(tmp_path, Path("/nowhere"))


# The register


def test_feeds_of_the_file_and_by_hand_are_read_and_one_taken_out_of_the_file_is_not(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    file = write(tmp_path, WHOLE)
    register = FeedRegister(catalogue, find_file=lambda: file)
    for feed in register.all():
        register.remember(feed)
    (tmp_path / "own").mkdir()
    register.add(str(tmp_path / "own"), FeedOptions(max_age=3))
    assert [feed.known.name for feed in register.all()] == ["own", "BBC World", "archive"]
    assert register.find(["own"])[0].options.max_age == 3
    write(tmp_path, WHOLE.partition("\n\n")[0])
    assert [feed.known.name for feed in register.all()] == ["own", "BBC World"]
    assert [feed.name for feed in catalogue.feeds()] == ["BBC World", "archive", "own"]
    assert register.remove("archive") == 0
    with pytest.raises(FeedError, match=r"'BBC World' is in .*feeds\.toml: take it out there first"):
        register.remove("BBC World")
    with pytest.raises(FeedError, match="no feed is named 'nobody'"):
        register.remove("nobody")


def test_a_feed_of_the_file_is_changed_there_alone(tmp_path: Path, catalogue: Catalogue) -> None:
    file = write(tmp_path, WHOLE)
    register = FeedRegister(catalogue, find_file=lambda: file)
    with pytest.raises(FeedError, match="change it there"):
        register.add("https://feeds.example/world.xml", FeedOptions())
    with pytest.raises(FeedError, match="the name 'archive' is another feed's"):
        register.add("https://other.example/", FeedOptions(), name="archive")
    with pytest.raises(FeedError, match="needs a web address"):
        register.add(str(tmp_path), FeedOptions(kind=FeedKind.RSS))


def test_a_feed_that_gets_another_name_keeps_what_came_from_it(catalogue: Catalogue) -> None:
    from retrieval.types import Article

    catalogue.add_feed(KnownFeed("old", "https://news.example/"))
    catalogue.store("old", [Article("a", "Envoys met.")])
    catalogue.add_feed(KnownFeed("new", "https://news.example/"))
    assert catalogue.feeds() == [KnownFeed("new", "https://news.example/")]
    assert catalogue.count_articles("new") == 1
