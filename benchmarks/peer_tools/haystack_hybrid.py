"""Haystack's hybrid retrieval in memory: BM25 and embeddings joined by reciprocal rank fusion, as its guide shows."""

from __future__ import annotations

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from benchmarks.peer_tools.measuring import Task


class HaystackHybrid:
    """A store in memory and a pipeline over it."""

    packages = ("haystack-ai", "sentence-transformers-haystack", "sentence-transformers", "torch")

    def __init__(self, task: Task) -> None:
        self._store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        self._embedder = SentenceTransformersDocumentEmbedder(model=task.model, progress_bar=False)
        self._embedder.warm_up()
        self._pipeline = _pipeline(self._store, task)
        self._pipeline.warm_up()

    def index(self, task: Task) -> None:
        """Take in all passages."""
        documents = [
            # Ids of our own: two equal texts would have one, and the second be refused.
            Document(id=str(place), content=text, meta={"article": article})
            for place, (article, text) in enumerate(task.passages)
        ]
        self._store.write_documents(self._embedder.run(documents)["documents"])

    def search(self, question: str) -> list[str]:
        """Ids of the articles of the best passages."""
        asked = {"bm25": {"query": question}, "embedder": {"text": question}}
        documents = self._pipeline.run(asked)["joiner"]["documents"]
        return [str(document.meta["article"]) for document in documents]


def _pipeline(store: InMemoryDocumentStore, task: Task) -> Pipeline:
    pipeline = Pipeline()
    pipeline.add_component("embedder", SentenceTransformersTextEmbedder(model=task.model, progress_bar=False))
    pipeline.add_component("dense", InMemoryEmbeddingRetriever(store, top_k=task.limit))
    pipeline.add_component("bm25", InMemoryBM25Retriever(store, top_k=task.limit))
    pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
    pipeline.connect("embedder.embedding", "dense.query_embedding")
    pipeline.connect("dense", "joiner")
    pipeline.connect("bm25", "joiner")
    return pipeline


def load(task: Task) -> HaystackHybrid:
    """With the encoder loaded."""
    return HaystackHybrid(task)
