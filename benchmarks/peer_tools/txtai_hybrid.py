"""txtai's hybrid search with its defaults: FAISS beside BM25, scores added half and half."""

from __future__ import annotations

from txtai import Embeddings

from benchmarks.peer_tools.measuring import Task


class TxtaiHybrid:
    """An index without stored content: ids of passages are their places."""

    packages = ("txtai", "torch", "transformers", "faiss-cpu")

    def __init__(self, model: str) -> None:
        self._embeddings = Embeddings(path=model, hybrid=True)
        self._articles: list[str] = []
        self._limit = 0

    def index(self, task: Task) -> None:
        """Take in all passages."""
        self._articles, self._limit = [article for article, _ in task.passages], task.limit
        self._embeddings.index((place, text, None) for place, (_, text) in enumerate(task.passages))

    def search(self, question: str) -> list[str]:
        """Ids of the articles of the best passages."""
        return [self._articles[place] for place, _ in self._embeddings.search(question, self._limit)]


def load(task: Task) -> TxtaiHybrid:
    """With the encoder loaded."""
    return TxtaiHybrid(task.model)
