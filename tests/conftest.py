from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.app import Application
from corpus.catalogue import Catalogue
from corpus.database import Place
from retrieval.encoders.models import DEFAULT_MODEL
from retrieval.encoders.options import Backend, Precision
from tests.postgresql import NoServer, PostgresServer, new_server

# No deadline: the machines that run these are shared.
settings.register_profile("shared", deadline=None, max_examples=60)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def exported_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of exported models that holds the default encoder and the reader; not to be changed."""
    from retrieval.encoders.loading import load_encoder
    from retrieval.joint.models import load_joint_model

    folder = tmp_path_factory.mktemp("exported") / "models"
    load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.OPENVINO, folder)
    load_joint_model(Precision.FLOAT32, Backend.OPENVINO, folder)
    return folder


@pytest.fixture(scope="session")
def briefs_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The shipped briefs, indexed with the shipped model; nothing is to be stored in it."""
    from tests.quality_gate import shipped_briefs

    with shipped_briefs(tmp_path_factory.mktemp("briefs")) as app:
        yield app


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server; where there is none to run, the test is skipped."""
    pytest.importorskip("psycopg")
    try:
        server = new_server()
    except NoServer as error:
        pytest.skip(f"no PostgreSQL server: {error}")
    yield server
    server.remove()


@pytest.fixture(scope="session")
def prepared_database(postgresql: PostgresServer) -> str:
    """The URL of a database that has the catalogue's tables, to be copied; nobody is to use it."""
    url = postgresql.new_database()
    Catalogue(url).close()
    return url


@pytest.fixture
def database(postgresql: PostgresServer) -> Iterator[str]:
    """The URL of an empty database of PostgreSQL."""
    url = postgresql.new_database()
    yield url
    postgresql.drop(url)


@pytest.fixture
def catalogue_database(postgresql: PostgresServer, prepared_database: str) -> Iterator[str]:
    """The URL of a database of PostgreSQL that has the catalogue's tables, and nothing in them."""
    url = postgresql.new_database(prepared_database)
    yield url
    postgresql.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a catalogue may stand: in a file, and in a database of PostgreSQL, whose tables are there."""
    return _place(request, tmp_path, "catalogue_database")


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """As ``place``, where no tables are yet."""
    return _place(request, tmp_path, "database")


def _place(request: pytest.FixtureRequest, folder: Path, database: str) -> Place:
    if request.param == "sqlite":
        return folder / "catalogue.sqlite3"
    url: str = request.getfixturevalue(database)
    return url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes comes first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: not any(item.iter_markers("server")) and not any(item.iter_markers("packaging")))
