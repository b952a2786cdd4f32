import gzip
import zlib
from collections.abc import Iterator

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import FetchError
from corpus.fetching.addresses import is_public
from corpus.fetching.answers import retry_after
from corpus.fetching.bodies import Body, Garbled, TooLong
from corpus.fetching.port import Request, Validators
from corpus.fetching.urls import article_address, canonical_url
from tests.corpus.web import HOST, QUICK, Names, Site, endless, fetcher, serving

ALLOWED = frozenset({HOST})


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


async def get(site: Site, path: str, names: Names | None = None, **options: object) -> bytes:
    async with fetcher(names=names) as client:
        return (await client.get(Request(site.url(path), ALLOWED, **options))).data  # type: ignore[arg-type]


async def refused(site: Site, path: str, names: Names | None = None, **options: object) -> str:
    with pytest.raises(FetchError) as caught:
        await get(site, path, names, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def status(code: int, **headers: str) -> object:
    return lambda request: web.Response(status=code, headers={k.replace("_", "-"): v for k, v in headers.items()})


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "0"])
async def test_no_spelling_of_loopback_is_connected_to(site: Site, host: str) -> None:
    from corpus.fetching.client import Fetcher

    async with Fetcher(QUICK) as client:
        with pytest.raises(FetchError, match=r"no public address|cannot be fetched|not known"):
            await client.get(Request(site.url("/", host)))
    assert site.asked == []


async def test_a_name_that_leads_inside_is_refused_with_the_way_to_allow_it(site: Site) -> None:
    async with fetcher() as client:
        with pytest.raises(FetchError, match=r"leads to 127\.0\.0\.1.*allow_private = \['other\.test'\]"):
            await client.get(Request(site.url("/", "other.test"), ALLOWED))
    assert site.asked == []


async def test_an_address_that_changes_after_the_first_request_is_looked_at_again(site: Site) -> None:
    names = Names(rebind=["203.0.113.1", "127.0.0.1"])
    async with fetcher(names=names) as client:
        for _ in range(2):
            with pytest.raises(FetchError):
                await client.get(Request(site.url("/", "rebind.test")))
    assert site.asked == []


async def test_a_redirect_to_the_metadata_service_is_not_followed(site: Site) -> None:
    site.pages["/"] = status(302, Location="http://169.254.169.254/latest/meta-data/")  # type: ignore[assignment]
    assert "169.254.169.254, which is no public address" in await refused(site, "/")


async def test_a_redirect_to_another_scheme_is_not_followed(site: Site) -> None:
    site.pages["/"] = status(302, Location="file:///etc/passwd")  # type: ignore[assignment]
    assert "file:///etc/passwd: is no address of http or https" in await refused(site, "/")


# Answers


async def test_a_page_comes_with_what_it_is_asked_for_again(site: Site) -> None:
    def page(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == '"1"':
            return web.Response(status=304)
        return web.Response(body=b"news", headers={"ETag": '"1"', "Set-Cookie": "a=b"})

    site.pages["/"] = page
    async with fetcher() as client:
        first = await client.get(Request(site.url("/"), ALLOWED))
        again = await client.get(Request(site.url("/"), ALLOWED, first.validators))
    assert (first.data, first.validators, first.unchanged) == (b"news", Validators('"1"'), False)
    assert (again.data, again.unchanged) == (b"", True)
    for request in site.asked:
        assert request.headers["User-Agent"].startswith("Backchannel/")
        assert not {"Cookie", "Authorization", "Referer"} & set(request.headers)


async def test_passwords_in_links_are_not_sent(site: Site) -> None:
    site.pages["/to"] = b"there"
    site.pages["/"] = status(301, Location=f"http://me:secret@{HOST}:{site.port}/to")  # type: ignore[assignment]
    assert await get(site, "/") == b"there"
    assert all("Authorization" not in request.headers for request in site.asked)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (401, "wants a login"),
        (403, "is forbidden, or wants a login"),
        (404, "is not there: check the address"),
        (410, "is there no more"),
        (418, "is not given out"),
    ],
)
async def test_a_refusal_says_what_it_is_and_is_not_asked_again(site: Site, code: int, said: str) -> None:
    site.pages["/"] = status(code)  # type: ignore[assignment]
    message = await refused(site, "/")
    assert said in message
    assert f"the answer was {code}" in message
    assert site.paths() == ["/"]


async def test_a_server_error_is_tried_again(site: Site) -> None:
    answers = iter([500, 503, 200])
    site.pages["/"] = lambda request: web.Response(status=next(answers), body=b"at last")
    assert await get(site, "/") == b"at last"


async def test_a_server_that_keeps_failing_is_given_up(site: Site) -> None:
    site.pages["/"] = status(500)  # type: ignore[assignment]
    assert "fails there: try again later; the answer was 500" in await refused(site, "/")
    assert site.paths() == ["/", "/", "/"]


async def test_too_many_requests_are_answered_by_waiting_as_asked(site: Site) -> None:
    answers = iter([429, 200])
    site.pages["/"] = lambda request: web.Response(status=next(answers), headers={"Retry-After": "7"}, body=b"now")
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    from dataclasses import replace

    from corpus.fetching.client import Fetcher

    async with Fetcher(replace(QUICK, longest_wait=10), resolver=Names(), sleep=sleep) as client:
        assert (await client.get(Request(site.url("/"), ALLOWED))).data == b"now"
    assert waits == [7.0]


async def test_a_server_that_asks_for_too_long_a_wait_is_given_up_with_that_wait(site: Site) -> None:
    site.pages["/"] = status(429, Retry_After="3600")  # type: ignore[assignment]
    async with fetcher() as client:
        with pytest.raises(FetchError, match=r"asked for too often.*asks to wait 3600 s") as caught:
            await client.get(Request(site.url("/"), ALLOWED))
    assert caught.value.wait == 3600
    assert site.paths() == ["/"]


async def test_redirects_are_followed_and_loops_are_not(site: Site) -> None:
    site.pages |= {
        "/a": status(301, Location="/b"),  # type: ignore[dict-item]
        "/b": b"here",
        "/x": status(302, Location="/y"),  # type: ignore[dict-item]
        "/y": status(302, Location="/x"),  # type: ignore[dict-item]
        "/far": lambda request: web.Response(
            status=302, headers={"Location": f"/far?{int(request.query_string or 0) + 1}"}
        ),
    }
    assert await get(site, "/a") == b"here"
    assert "redirects in a loop" in await refused(site, "/x")
    assert "redirects more than 5 times" in await refused(site, "/far")


async def test_a_page_without_end_is_cut_at_the_cap(site: Site) -> None:
    site.pages["/"] = lambda request: endless(request, 2**30)  # type: ignore[return-value, assignment]
    assert "is longer than 1 MiB: leave it out" in await refused(site, "/", most=2**20)


async def test_a_page_that_says_that_it_is_too_long_is_not_read(site: Site) -> None:
    site.pages["/"] = b"x" * 5000
    assert "is longer than 1000 bytes" in await refused(site, "/", most=1000)


async def test_a_bomb_of_gzip_is_cut_at_the_cap(site: Site) -> None:
    bomb = gzip.compress(b"\0" * (64 * 2**20))
    site.pages["/"] = lambda request: web.Response(body=bomb, headers={"Content-Encoding": "gzip"})
    assert "is longer than 1 MiB" in await refused(site, "/", most=2**20)


async def test_what_is_packed_is_unpacked(site: Site) -> None:
    for encoding, data in (
        ("gzip", gzip.compress(b"ne") + gzip.compress(b"ws")),
        ("deflate", zlib.compress(b"news")),
        ("deflate", zlib.compress(b"news")[2:-4]),
    ):
        site.pages["/"] = lambda request, data=data, encoding=encoding: web.Response(  # type: ignore[misc]
            body=data, headers={"Content-Encoding": encoding}
        )
        assert await get(site, "/") == b"news"


async def test_what_is_packed_otherwise_says_so(site: Site) -> None:
    site.pages["/br"] = lambda request: web.Response(body=b"x", headers={"Content-Encoding": "br"})
    site.pages["/no"] = lambda request: web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"})
    site.pages["/cut"] = lambda request: web.Response(
        body=gzip.compress(b"news" * 99)[:20], headers={"Content-Encoding": "gzip"}
    )
    assert "is packed as 'br', which was not asked for" in await refused(site, "/br")
    assert "cannot be unpacked" in await refused(site, "/no")
    assert "breaks off" in await refused(site, "/cut")


async def test_a_server_that_says_nothing_is_not_waited_for(site: Site) -> None:
    import asyncio

    async def silent(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        raise AssertionError

    from dataclasses import replace

    site.pages["/"] = silent  # type: ignore[assignment]
    async with fetcher(replace(QUICK, read=0.1, tries=1)) as client:
        with pytest.raises(FetchError, match="does not answer in time"):
            await client.get(Request(site.url("/"), ALLOWED))


# What sites ask of robots


async def test_what_robots_txt_forbids_is_not_fetched(site: Site) -> None:
    site.pages |= {"/robots.txt": b"User-agent: *\nDisallow: /private", "/private/a": b"a", "/b": b"b"}
    async with fetcher() as client:
        assert (await client.get(Request(site.url("/b"), ALLOWED))).data == b"b"
        with pytest.raises(FetchError, match=r"forbidden to robots by the site's robots\.txt"):
            await client.get(Request(site.url("/private/a"), ALLOWED))
    assert [request.path for request in site.asked] == ["/robots.txt", "/b"]


async def test_a_site_whose_robots_txt_fails_is_left_alone(site: Site) -> None:
    site.pages |= {"/robots.txt": status(503), "/": b"news"}  # type: ignore[dict-item]
    assert "is not fetched, for the site's robots.txt fails there" in await refused(site, "/")
    assert site.paths() == []


async def test_requests_to_one_site_keep_their_distance(site: Site) -> None:
    from corpus.fetching.client import Fetcher
    from corpus.fetching.hosts import Limits

    site.pages |= {"/robots.txt": b"User-agent: Backchannel\nCrawl-delay: 9", "/a": b"a", "/b": b"b"}
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds))

    async with Fetcher(Limits(delay=3), resolver=Names(), sleep=sleep) as client:
        for path in ("/a", "/b"):
            await client.get(Request(site.url(path), ALLOWED))
    assert waits == [3, 12]


# Small parts


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://WWW.News.Example:80", "http://www.news.example/"),
        ("https://news.example/a?utm_source=x&id=7&fbclid=y#top", "https://news.example/a?id=7"),
        ("https://me:pw@news.example:8443/a?b=%20c", "https://news.example:8443/a?b=%20c"),
        ("https://news.example/a b", "https://news.example/a%20b"),
        ("https://[2606:4700::1]:443/a", "https://[2606:4700::1]/a"),
    ],
)
def test_an_article_is_known_by_its_address_without_what_tracks_readers(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@given(st.text(max_size=60))
def test_an_address_made_canonical_stays_as_it_is(rest: str) -> None:
    try:
        once = canonical_url(f"https://news.example/{rest}")
    except FetchError:
        return
    assert canonical_url(once) == once


def test_a_page_that_names_the_front_page_as_its_address_is_not_believed() -> None:
    here = "https://news.example/a?utm_medium=x"
    assert article_address(here, "https://news.example/") == "https://news.example/a"
    assert article_address(here, "/b") == "https://news.example/b"
    assert article_address(here, "javascript:alert(1)") == "https://news.example/a"


@given(st.binary(max_size=400), st.sampled_from(["gzip", "deflate", ""]), st.integers(1, 50))
def test_no_body_gets_past_its_cap(data: bytes, encoding: str, piece: int) -> None:
    body = Body(encoding, 100)
    try:
        for at in range(0, len(data), piece):
            body.feed(data[at : at + piece])
        assert len(body.end()) <= 100
    except (TooLong, Garbled):
        pass


def test_a_wait_is_a_number_or_a_date() -> None:
    import datetime as dt

    now = dt.datetime(2024, 7, 9, 10, tzinfo=dt.UTC)
    assert retry_after("120", now) == 120
    assert retry_after("Tue, 09 Jul 2024 10:01:00 GMT", now) == 60
    assert retry_after("Tue, 09 Jul 2024 09:00:00 GMT", now) == 0
    assert retry_after("9" * 500, now) == 7 * 86400
    assert retry_after("soon", now) is None
    assert retry_after("", now) is None
