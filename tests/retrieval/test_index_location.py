"""Where an index lies, as the settings name it."""

import pytest

from retrieval.index.location import MilvusLocation


@pytest.mark.parametrize("text", ["embedded", " Embedded "])
def test_the_embedded_index_has_no_location(text: str) -> None:
    assert MilvusLocation.parse(text) is None


@pytest.mark.parametrize(
    ("url", "uri", "database"),
    [
        ("milvus+http://localhost:19530", "http://localhost:19530", ""),
        ("milvus+http://[::1]:19530/", "http://[::1]:19530", ""),
        ("milvus+https://in03.example.com/news_1", "https://in03.example.com", "news_1"),
        ("milvus+lite:///var/lib/news.db", "/var/lib/news.db", ""),
    ],
)
def test_a_server_is_named_by_its_address(url: str, uri: str, database: str) -> None:
    assert MilvusLocation.parse(url) == MilvusLocation(url, uri, database)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"milvus\+http://host:19530"),
        ("milvus", r"write embedded"),
        ("http://localhost:19530", r"write embedded"),
        ("milvus+ftp://localhost", r"write embedded"),
        ("milvus+http://", r"write embedded"),
        ("milvus+http://localhost?x=1", r"write embedded"),
        ("milvus+http://localhost:port", "Port"),
        ("milvus+http://localhost:70000", "Port"),
        ("milvus+http://root:secret@localhost", "BACKCHANNEL_MILVUS_TOKEN"),
        ("milvus+http://localhost/a/b", "'a/b' is no name of a database"),
        ("milvus+lite://news.db", "/folder/file.db"),
        ("milvus+lite:///news", "/folder/file.db"),
    ],
)
def test_anything_else_is_refused_with_what_can_be_written(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        MilvusLocation.parse(text)
    assert "secret" not in str(refused.value)
