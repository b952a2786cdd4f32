"""A Milvus server: the one module that imports pymilvus, and turns its errors into ours."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from retrieval.encoders.port import Vectors
from retrieval.errors import IndexDamaged, IndexUnavailable
from retrieval.index.location import MilvusLocation
from retrieval.index.milvus.rows import LONGEST, Row, among

# pymilvus has no types.
Library = Any
Client = Any

MOST_FOUND = 16_384
"""So many hits one search can give."""

# HNSW (Malkov and Yashunin, 2020): neighbours of each vector, and how many are looked at for them when it is added.
_NEIGHBOURS, _LOOKED_AT = 32, 200
# As many are looked at in a search, and more where more are to be found.
_LEAST_LOOKED_AT = 512
# BM25's constants as tantivy has them, so that both score alike.
_K1, _B = 1.2, 0.75
_WRITING = 600.0
"""Seconds that a step of writing may take."""
_LOOK = 0.2
_STALLED = 3600.0
"""Seconds without progress after which an index that the server makes is no longer waited for."""
_NOT_FOUND = {100, 1600}  # a collection, an alias
_BM25_SINCE = (2, 5)
_PHYSICAL_BITS = 18  # a server's timestamps: milliseconds, then a counter of so many bits


@dataclass(frozen=True, slots=True)
class Access:
    """What a server asks for beside its address.

    Args:
        token: ``user:password`` or a key; empty for none.
        certificate: of the authority that signed the server's certificate, where the system does not know it.
        timeout: seconds that an answer may take.
    """

    token: str = ""
    certificate: Path | None = None
    timeout: float = 10.0


NO_ACCESS = Access()


@dataclass(frozen=True, slots=True)
class Shape:
    """How a collection is spread over a cluster.

    Args:
        shards: channels that are written to side by side.
        replicas: copies in the memory of query nodes, each on other nodes.
        partitions: by source, so that a filter for sources searches those alone; 0 for none.
    """

    shards: int = 1
    replicas: int = 1
    partitions: int = 0


WHOLE = Shape()


class MilvusServer:
    """A connection, made when it is first needed. Safe to use from several threads.

    Every method raises ``IndexUnavailable`` where the server cannot be reached, refuses, or pymilvus is missing, and
    ``IndexDamaged`` where a collection is not there.

    Args:
        location: of the server.
        access: to it.
    """

    def __init__(self, location: MilvusLocation, access: Access = NO_ACCESS) -> None:
        self.location = location
        self.access = access
        self._lock = threading.Lock()
        self._made: Client = None

    def __str__(self) -> str:
        return self.location.url

    @cached_property
    def has_bm25(self) -> bool:
        """Whether collections can be searched by words."""
        with self._asking() as client:
            version = str(client.get_server_version(timeout=self.access.timeout))
        found = re.search(r"(\d+)\.(\d+)", version)
        return found is not None and (int(found[1]), int(found[2])) >= _BM25_SINCE

    # Collections and aliases

    def collections(self) -> list[str]:
        """The names of all collections of the database."""
        with self._asking() as client:
            return list(client.list_collections(timeout=self.access.timeout))

    def target(self, alias: str) -> str | None:
        """The collection that an alias names; ``None`` where there is no such alias."""
        try:
            with self._asking() as client:
                return str(client.describe_alias(alias, timeout=self.access.timeout)["collection_name"])
        except IndexDamaged:
            return None

    def point(self, alias: str, collection: str) -> None:
        """Let an alias name a collection, in one step."""
        known = self.target(alias) is not None
        with self._asking() as client:
            change = client.alter_alias if known else client.create_alias
            change(collection, alias, timeout=self.access.timeout)

    def unpoint(self, alias: str) -> None:
        """Let an alias name nothing any more."""
        if self.target(alias) is not None:
            with self._asking() as client:
                client.drop_alias(alias, timeout=self.access.timeout)

    def create(self, collection: str, dimension: int, shape: Shape, *, words: bool) -> None:
        """Make an empty collection, with its indexes, ready to be written."""
        pymilvus = _pymilvus()
        kinds = pymilvus.DataType
        schema = pymilvus.MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", kinds.INT64, is_primary=True)
        schema.add_field("article_id", kinds.VARCHAR, max_length=LONGEST)
        schema.add_field("source", kinds.VARCHAR, max_length=LONGEST, is_partition_key=bool(shape.partitions))
        schema.add_field("first_day", kinds.INT32)
        schema.add_field("last_day", kinds.INT32)
        schema.add_field("vector", kinds.FLOAT_VECTOR, dim=dimension)
        indexes = pymilvus.MilvusClient.prepare_index_params()
        graph = {"M": _NEIGHBOURS, "efConstruction": _LOOKED_AT}
        indexes.add_index("vector", index_type="HNSW", metric_type="IP", params=graph)
        if words:
            plain = {"tokenizer": "standard"}
            schema.add_field(
                "words",
                kinds.VARCHAR,
                max_length=LONGEST,
                enable_analyzer=True,
                enable_match=True,
                analyzer_params=plain,
            )
            schema.add_field("bm25", kinds.SPARSE_FLOAT_VECTOR)
            schema.add_function(pymilvus.Function("bm25", pymilvus.FunctionType.BM25, ["words"], ["bm25"]))
            weights = {"bm25_k1": _K1, "bm25_b": _B}
            indexes.add_index("bm25", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=weights)
        spread = {"num_partitions": shape.partitions} if shape.partitions else {}
        with self._asking() as client:
            client.create_collection(collection, schema=schema, num_shards=shape.shards, timeout=_WRITING, **spread)
            # Nothing has to be waited for, since nothing is in it.
            client.create_index(collection, indexes, timeout=_WRITING, sync=False)
            if shape.replicas > 1:
                # More copies than there are query nodes are refused now rather than when everything is written.
                client.load_collection(collection, timeout=_WRITING, replica_number=shape.replicas)
                client.release_collection(collection, timeout=_WRITING)

    def create_notes(self, collection: str, replicas: int) -> None:
        """Make an empty collection of texts by their keys, ready to be written and read, unless it is there."""
        kinds = _pymilvus().DataType
        schema = _pymilvus().MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("key", kinds.VARCHAR, max_length=LONGEST, is_primary=True)
        schema.add_field("text", kinds.VARCHAR, max_length=LONGEST)
        schema.add_field("vector", kinds.FLOAT_VECTOR, dim=2)  # no collection goes without
        indexes = _pymilvus().MilvusClient.prepare_index_params()
        indexes.add_index("vector", index_type="FLAT", metric_type="IP")
        with self._asking() as client:
            if not client.has_collection(collection, timeout=self.access.timeout):
                client.create_collection(collection, schema=schema, timeout=_WRITING)
                client.create_index(collection, indexes, timeout=_WRITING, sync=False)
                client.load_collection(collection, timeout=_WRITING, replica_number=replicas)

    def drop(self, collection: str) -> None:
        """Remove a collection, if it is there."""
        with suppress(IndexDamaged), self._asking() as client:
            client.drop_collection(collection, timeout=_WRITING)

    def release(self, collection: str) -> None:
        """Keep a collection on disk alone; :meth:`ready` loads it again."""
        with self._asking() as client:
            client.release_collection(collection, timeout=_WRITING)

    def ready(self, collection: str) -> None:
        """Have a collection loaded that is not: one that was released, or any when Milvus Lite is opened again."""
        with self._asking() as client:
            state = client.get_load_state(collection, timeout=self.access.timeout)["state"]
            if state.name == "NotLoad":
                client.load_collection(collection, timeout=_WRITING)

    def fields(self, collection: str) -> set[str]:
        """The names of its fields."""
        return {field["name"] for field in self._described(collection)["fields"]}

    # Writing

    def insert(self, collection: str, rows: Sequence[Row]) -> None:
        """Add rows under ids that are not there."""
        if rows:
            with self._asking() as client:
                client.insert(collection, list(rows), timeout=_WRITING)

    def delete(self, collection: str, expression: str) -> None:
        """Remove rows that are named by their ids or keys; those that are not there are passed over."""
        with self._asking() as client:
            client.delete(collection, filter=expression, timeout=_WRITING)

    def seal(self, collection: str, replicas: int) -> None:
        """See everything that was written stored for good and indexed, then have it loaded, ready to be searched.

        What is loaded earlier is searched by a makeshift index at first, which finds less.
        """
        with self._asking() as client:
            client.flush(collection, timeout=_WRITING)
            for index in client.list_indexes(collection, timeout=self.access.timeout):
                self._indexed(client, collection, index)
            client.load_collection(collection, timeout=_WRITING, replica_number=replicas)

    def _indexed(self, client: Client, collection: str, index: str) -> None:
        """Wait for an index."""
        least, since = None, time.monotonic()
        while True:
            pending = int(client.describe_index(collection, index, timeout=self.access.timeout)["pending_index_rows"])
            if pending <= 0:
                return
            if least is None or pending < least:
                least, since = pending, time.monotonic()
            elif time.monotonic() - since > _STALLED:
                raise self.unavailable(f"{pending} rows have waited for an hour to be indexed")
            time.sleep(_LOOK)

    def now(self) -> int:
        """A timestamp of this moment, as the server counts them, going by the clock of this machine."""
        return int(time.time() * 1000) << _PHYSICAL_BITS

    # Reading: everything written before a timestamp, or all that was written where that is None

    def count(self, collection: str, expression: str = "", since: int | None = None) -> int:
        """How many rows pass."""
        with self._asking() as client:
            (row,) = client.query(collection, filter=expression, output_fields=["count(*)"], **self._reading(since))
            return int(row["count(*)"])

    def rows(
        self, collection: str, ids: Sequence[int], fields: Sequence[str], since: int | None = None
    ) -> dict[int, Row]:
        """Rows by their ids; those that are not there are left out."""
        with self._asking() as client:
            found = client.query(collection, filter=among(ids), output_fields=["id", *fields], **self._reading(since))
            return {int(row["id"]): row for row in found}

    def select(
        self, collection: str, expression: str, fields: Sequence[str], since: int | None = None, most: int | None = None
    ) -> list[Row]:
        """All rows that pass, or so many of them."""
        reading = self._reading(since) | ({} if most is None else {"limit": most})
        with self._asking() as client:
            return list(client.query(collection, filter=expression, output_fields=list(fields), **reading))

    def stream(self, collection: str, fields: Sequence[str], size: int) -> Iterator[list[Row]]:
        """All rows by ascending id, ``size`` at a time, as they are now."""
        with self._asking() as client:
            pages = client.query_iterator(
                collection, batch_size=size, output_fields=["id", *fields], consistency_level="Strong", timeout=_WRITING
            )
        try:
            while True:
                with self._asking():
                    page = pages.next()
                if not page:
                    return
                yield page
        finally:
            pages.close()

    def nearest(
        self, collection: str, vector: Vectors, k: int, expression: str = "", since: int | None = None
    ) -> list[tuple[int, float, str]]:
        """Ids, inner products and articles of the ``k`` rows of the largest inner product, best first."""
        graph = {"ef": max(_LEAST_LOOKED_AT, 2 * k)}
        return self._search(collection, "vector", vector, k, expression, graph, since)

    def best_worded(
        self, collection: str, query: str, k: int, expression: str = "", since: int | None = None
    ) -> list[tuple[int, float, str]]:
        """Ids, BM25 scores and articles of the ``k`` rows of the highest score, best first."""
        found = self._search(collection, "bm25", query, k, expression, {}, since)
        # Milvus Lite gives them as distances, negative.
        return [(passage_id, abs(score), article_id) for passage_id, score, article_id in found]

    def _search(
        self,
        collection: str,
        field: str,
        asked: Vectors | str,
        k: int,
        expression: str,
        params: Mapping[str, int],
        since: int | None,
    ) -> list[tuple[int, float, str]]:
        with self._asking() as client:
            (hits,) = client.search(
                collection,
                [asked],
                anns_field=field,
                filter=expression,
                limit=k,
                output_fields=["article_id"],
                search_params={"params": dict(params)},
                **self._reading(since),
            )
            return [(int(hit["id"]), float(hit["distance"]), str(hit["entity"]["article_id"])) for hit in hits]

    def _described(self, collection: str) -> Mapping[str, Any]:
        with self._asking() as client:
            described: Mapping[str, Any] = client.describe_collection(collection, timeout=self.access.timeout)
            return described

    def _reading(self, since: int | None) -> dict[str, Any]:
        if since is None:
            return {"consistency_level": "Strong", "timeout": _WRITING}
        return {"consistency_level": "Customized", "guarantee_timestamp": since, "timeout": self.access.timeout}

    @contextmanager
    def _asking(self) -> Iterator[Client]:
        """The client, its errors turned into ours."""
        pymilvus = _pymilvus()
        from grpc import RpcError  # pymilvus brings it, and lets some of its errors through

        try:
            yield self._client()
        except pymilvus.MilvusException as error:
            if error.code in _NOT_FOUND:
                raise IndexDamaged(
                    f"what was to be read at {self} is not there ({error.message}): run `backchannel index --rebuild`"
                ) from error
            raise self.unavailable(error.message) from error
        except RpcError as error:
            details = getattr(error, "details", None)
            raise self.unavailable(str(details() if details else error)) from error

    def _client(self) -> Client:
        with self._lock:
            if self._made is None:
                certificate = self.access.certificate
                secured = {"server_pem_path": str(certificate)} if certificate else {}
                self._made = _pymilvus().MilvusClient(
                    self.location.uri,
                    token=self.access.token,
                    db_name=self.location.database,
                    timeout=self.access.timeout,
                    dedicated=True,
                    **secured,
                )
            return self._made

    def unavailable(self, reason: str) -> IndexUnavailable:
        """The error that says so."""
        return IndexUnavailable(
            f"the index at {self} cannot be used ({' '.join(reason.split())}): see that the server runs, "
            "and that BACKCHANNEL_INDEX and BACKCHANNEL_MILVUS_TOKEN are right"
        )


@cache
def _pymilvus() -> Library:
    """The client library; it is imported when it is first needed, and kept from logging and from the environment."""
    before = set(os.environ)
    try:
        import pymilvus
    except ImportError as error:
        raise IndexUnavailable(
            "an index on a Milvus server needs pymilvus: run `pip install backchannel[milvus]`"
        ) from error
    finally:
        # Its import reads a file .env that lies in a folder above it.
        for name in set(os.environ) - before:
            del os.environ[name]
    for name in ("pymilvus", "pymilvus.milvus_client", "pymilvus.bulk_writer"):
        # What goes wrong is raised, and told once.
        logging.getLogger(name).handlers[:] = [logging.NullHandler()]
    return pymilvus
