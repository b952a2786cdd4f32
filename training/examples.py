"""What the reader is shown in one epoch: pairs, cut and changed so that it must read to tell what answers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch

from retrieval.joint.inputs import Inputs, PassageTokens, QuestionTokens, SpecialTokens, batch, in_common
from retrieval.opposites import asked_the_other_way
from retrieval.reader import Weigh
from training.hard_negatives import Mined, known_answers
from training.kept_states import KeptStates, Positions
from training.perturb import perturbed
from training.reader_data import NEAR, SUPPOSES, Pair, Texts, held_out

OPPOSITE = "opposite"
"""The kind of a question asked the other way."""
JUDGED = ("human_unanswerable", "human_unanswerable_mapped")
"""The kinds that people judged not to be answered."""
_BY_THEMSELVES = (*JUDGED, NEAR, SUPPOSES)  # kinds that are shown though nothing answers
_SURE_WEIGHT = 2.0  # of those that people judged not to be answered, and of those asked the other way
_REMOVED = 0.4  # of the changed by taking away what answers, the others by changing the question
_OPPOSITES = 0.8  # of those of an act that has an opposite are also shown asked the other way
_MINED = 0.6  # of the other passages are what our own search brings
_UNTITLED = 0.1
_POOL = 4096  # examples among which those of like length are put together


@dataclass(frozen=True, slots=True)
class Showing:
    """In what shares pairs are shown in other ways than as they are.

    Args:
        cut: of the passages are cut to a few sentences.
        misled: of those that are cut though nothing answers are cut around what is most like the question.
        changed: of the answered pairs are also shown so changed that nothing answers.
        others: of the answered questions are also shown with another passage.
    """

    cut: float = 0.7
    misled: float = 0.7
    changed: float = 0.5
    others: float = 0.7


@dataclass(frozen=True, slots=True)
class Example:
    """A pair as shown; ``right`` marks sentences and ``inside`` tokens of the passage as it was cut.

    ``chosen`` are the positions of its tokens in the whole, which is passage ``number``; the encoder read them there,
    or, where nothing of the rest may be ``seen``, by themselves. ``origin`` is the passage of the pair that was shown.
    """

    question: QuestionTokens
    passage: PassageTokens
    number: int
    chosen: Positions
    seen: bool
    right: npt.NDArray[np.bool_]
    inside: npt.NDArray[np.bool_]
    weight: float
    source: str
    kind: str
    origin: int = -1

    @property
    def answerable(self) -> bool:
        """Whether the passage answers."""
        return bool(self.right.any())

    @property
    def length(self) -> int:
        """Tokens in all."""
        return len(self.question.ids) + len(self.passage.ids) + 4


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs and what is right; ``places`` ``(b, n)`` names each token's sentence, -1 outside of all.

    ``told`` are the kept states of the passages, float32 ``(b, n, hidden)``, but for the rows named in
    ``unkept``, int64 ``(rows,)``.
    """

    inputs: tuple[torch.Tensor, ...]
    told: torch.Tensor
    unkept: torch.Tensor
    places: torch.Tensor
    right: torch.Tensor
    inside: torch.Tensor
    answerable: torch.Tensor
    weight: torch.Tensor


class Examples:
    """Examples made of pairs.

    Args:
        texts: the pairs and their tokens.
        weigh: how rare words are.
        mined: what our own search brings for each question, without its answer.
        kept: tells by title and text which passages are not trained on.
        showing: how they are shown.
    """

    def __init__(
        self,
        texts: Texts,
        weigh: Weigh,
        mined: Mined,
        kept: Callable[[str, str], bool] = held_out,
        showing: Showing | None = None,
    ) -> None:
        self._texts = texts
        self._showing = showing or Showing()
        self._weigh = weigh
        self._mined = mined
        pairs = texts.pairs
        unseen = [kept(title, text) for title, text in pairs.passages]
        of_held_out = {p.question for p in pairs.pairs if unseen[p.passage] and p.answers}
        self._train = [p for p in pairs.pairs if not unseen[p.passage] and p.question not in of_held_out]
        trained = {p.question for p in self._train}
        self._held_out = [
            p for p in pairs.pairs if p.question not in trained and (unseen[p.passage] or p.question in of_held_out)
        ]
        self._answers = known_answers(pairs)
        self._known: dict[int, list[Pair]] = {}
        self._by_title: dict[str, list[int]] = {}
        for pair in self._train:
            if not pair.answers and pair.kind not in _BY_THEMSELVES:
                self._known.setdefault(pair.question, []).append(pair)
        for at, (title, _) in enumerate(pairs.passages):
            self._by_title.setdefault(title, []).append(at)

    def epoch(self, number: int) -> Iterator[Example]:
        """The examples of an epoch, in random order."""
        chance = random.Random(number)  # noqa: S311 (a sample, no secret)
        order = [p for p in self._train if p.answers or p.kind in _BY_THEMSELVES]
        chance.shuffle(order)
        for pair in order:
            for example in self._shown(pair, chance):
                yield replace(example, origin=pair.passage)

    def held_out(self, most: int) -> list[Example]:
        """Pairs that are not trained on, as they are."""
        chosen = list(self._held_out)
        random.Random(9).shuffle(chosen)  # noqa: S311
        made: list[Example | None] = []
        for pair in chosen[:most]:
            made.append(self._example(pair, self._question(pair), self._all(pair), titled=True))
            made.append(self._opposite(pair, self._all(pair), titled=True) if pair.answers else None)
        return [example for example in made if example and (example.inside.any() or not example.answerable)]

    def _shown(self, pair: Pair, chance: random.Random) -> Iterator[Example]:
        question = self._question(pair)
        titled = chance.random() > _UNTITLED
        whole = self._all(pair)
        keep = self._cut(pair, question, whole, chance) if chance.random() < self._showing.cut else whole
        example = self._example(pair, question, keep, titled=titled)
        if not pair.answers:
            yield example
            return
        if not example.inside.any():
            return
        yield example
        if chance.random() < self._showing.changed and (changed := self._changed(pair, keep, chance, titled=titled)):
            yield changed
        if chance.random() < _OPPOSITES and (opposite := self._opposite(pair, keep, titled=titled)):
            yield opposite
        if chance.random() < self._showing.others and (other := self._other(pair, question, chance)):
            yield other

    def _changed(self, pair: Pair, keep: Sequence[int], chance: random.Random, *, titled: bool) -> Example | None:
        title, text = self._texts.pairs.passages[pair.passage]
        unanswered = Pair(pair.question, pair.passage, pair.source, "changed", [])
        if chance.random() < _REMOVED:
            right = self._texts.right(pair)
            left = [at for at in self._all(pair) if not right[at]]
            spans = self._texts.spans[pair.passage]
            said = " ".join(spans[at].of(text) for at in left).lower()
            if not left or any(answer in said for answer in self._answers[pair.question]):
                return None
            return self._example(unanswered, self._question(pair), left, titled=titled, seen=False)
        others = [at for at in self._by_title[title] if at != pair.passage] if title else []
        elsewhere = [self._texts.pairs.passages[at][1] for at in chance.sample(others, min(3, len(others)))]
        answers = [text[start:end] for start, end in pair.answers]
        changed = perturbed(self._texts.pairs.questions[pair.question], text, elsewhere, answers, chance)
        if changed is None:
            return None
        return self._example(unanswered, self._texts.question(changed, self._weigh), keep, titled=titled)

    def _opposite(self, pair: Pair, keep: Sequence[int], *, titled: bool) -> Example | None:
        """The question of the opposite act, which nothing answers."""
        other = asked_the_other_way(self._texts.pairs.questions[pair.question])
        if other is None:
            return None
        unanswered = Pair(pair.question, pair.passage, pair.source, OPPOSITE, [])
        return self._example(unanswered, self._texts.question(other, self._weigh), keep, titled=titled)

    def _other(self, pair: Pair, question: QuestionTokens, chance: random.Random) -> Example | None:
        """Another passage, that does not hold the words of the answer: mined, the set's own, or of the same article."""
        mined = [at for at in self._mined[pair.question].tolist() if at >= 0]
        if mined and chance.random() < _MINED:
            known = [Pair(pair.question, chance.choice(mined), pair.source, "mined", [])]
        else:
            known = self._known.get(pair.question, [])
        if not known:
            answers, passages = self._answers[pair.question], self._texts.pairs.passages
            beside = [
                at
                for at in self._by_title[passages[pair.passage][0]]
                if passages[at][0] and not any(answer in passages[at][1].lower() for answer in answers)
            ]
            known = [Pair(pair.question, at, pair.source, "beside", []) for at in beside]
        if not known:
            return None
        other = chance.choice(known)
        keep = self._all(other)
        keep = self._cut(other, question, keep, chance) if chance.random() < self._showing.cut else keep
        return self._example(other, question, keep, titled=True)

    def _question(self, pair: Pair) -> QuestionTokens:
        return self._texts.question(self._texts.pairs.questions[pair.question], self._weigh)

    def _all(self, pair: Pair) -> Sequence[int]:
        """The sentences that are seen."""
        places = self._texts.passages[pair.passage].places
        return range(int(places.max(initial=-1)) + 1)

    def _cut(self, pair: Pair, question: QuestionTokens, whole: Sequence[int], chance: random.Random) -> Sequence[int]:
        """A run of sentences: around one that answers, else mostly around the one that is most like the question.

        That one is among what a bot reads of a long passage (:mod:`retrieval.joint.focus`), and what misleads it.
        """
        right = np.flatnonzero(self._texts.right(pair)[: len(whole)]).tolist()
        if not right and whole and chance.random() < self._showing.misled:
            right = [_most_alike(question, self._texts.passages[pair.passage], len(whole))]
        middle = chance.choice(right or list(whole) or [0])
        return range(max(middle - chance.randint(0, 2), 0), min(middle + chance.randint(0, 2) + 1, len(whole)))

    def _example(
        self, pair: Pair, question: QuestionTokens, keep: Sequence[int], *, titled: bool, seen: bool = True
    ) -> Example:
        tokens = self._texts.passages[pair.passage]
        number = np.full(int(tokens.places.max(initial=-1)) + 2, -1)
        number[list(keep)] = np.arange(len(keep))
        places = number[tokens.places]  # -1 is the last, which is -1 again
        kept = (places >= 0) | ((tokens.places < 0) & titled)
        shapes = tokens.shapes[kept]
        shapes[:, -1] = np.clip(places[kept], 0, 10) / 10
        passage = PassageTokens(tokens.ids[kept], tokens.words[kept], shapes, places[kept])
        right = self._texts.right(pair)[list(keep)] if pair.answers else np.zeros(len(keep), dtype=bool)
        inside = self._texts.inside(pair)[kept] if pair.answers else np.zeros(len(passage.ids), dtype=bool)
        weight = _SURE_WEIGHT if pair.kind in (*JUDGED, OPPOSITE) else pair.weight
        inside &= passage.places >= 0
        chosen = np.flatnonzero(kept)
        return Example(question, passage, pair.passage, chosen, seen, right, inside, weight, pair.source, pair.kind)


def _most_alike(question: QuestionTokens, passage: PassageTokens, sentences: int) -> int:
    """The sentence that holds the most of the question's words, each by its weight."""
    common = in_common(question, passage).any(axis=-1)
    held = [common[passage.places == at].any(axis=0) @ question.weights for at in range(sentences)]
    return int(np.argmax(held))


class Batches:
    """Makes padded batches of about so many tokens, of examples of about one length.

    Args:
        states: of the passages.
        special: tokens around them.
        tokens: of a batch, padding counted.
    """

    def __init__(self, states: KeptStates, special: SpecialTokens, tokens: int) -> None:
        self._states, self._special, self._tokens = states, special, tokens

    def of(self, examples: Iterable[Example], chance: random.Random) -> Iterator[tuple[Batch, list[Example]]]:
        """Batches with what is in them; in random order among some thousands of examples."""
        left = iter(examples)
        while pool := list(islice(left, _POOL)):
            for part in self._dealt(pool, chance):
                yield self.padded(part), part

    def _dealt(self, pool: list[Example], chance: random.Random) -> list[list[Example]]:
        parts: list[list[Example]] = []
        for example in sorted(pool, key=lambda example: -example.length):
            if not parts or (len(parts[-1]) + 1) * parts[-1][0].length > self._tokens:
                parts.append([])
            parts[-1].append(example)
        chance.shuffle(parts)
        return parts

    def padded(self, examples: Sequence[Example]) -> Batch:
        """These in one batch. Token 0 of each passage is special, as the network has it."""
        inputs = batch([(example.question, example.passage) for example in examples], self._special)
        shape = inputs.passage_ids.shape
        places, inside = np.full(shape, -1), np.zeros(shape, dtype=bool)
        right = np.zeros((len(examples), max(1, *(len(example.right) for example in examples))), dtype=bool)
        for row, example in enumerate(examples):
            count = len(example.passage.ids)
            places[row, 1 : count + 1], inside[row, 1 : count + 1] = example.passage.places, example.inside
            right[row, : len(example.right)] = example.right
        return Batch(
            inputs=tuple(torch.from_numpy(getattr(inputs, name)) for name in Inputs.__slots__),
            told=torch.from_numpy(self._told(examples, shape[1])),
            unkept=torch.tensor([row for row, example in enumerate(examples) if not example.seen]),
            places=torch.from_numpy(places),
            right=torch.from_numpy(right),
            inside=torch.from_numpy(inside),
            answerable=torch.from_numpy(right.any(axis=1)),
            weight=torch.tensor([example.weight for example in examples]),
        )

    def _told(self, examples: Sequence[Example], width: int) -> npt.NDArray[np.float32]:
        told = np.zeros((len(examples), width, self._states.hidden), dtype=np.float32)
        for row, example in enumerate(examples):
            if example.seen:
                told[row, : len(example.chosen) + 2] = self._states.of(example.number, example.chosen)
        return told
