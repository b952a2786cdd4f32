"""Batches put together where they are used, of texts and examples that lie there as arrays."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from retrieval.joint.inputs import SpecialTokens
from retrieval.joint.network import Encoder
from retrieval.joint.packing import STATE_TOP
from training.examples import Batch
from training.packed import MOST_SENTENCES, SHAPE_BITS, Packed, Ragged

Rows = npt.NDArray[np.int64]
"""int64 ``(rows,)``: numbers of examples."""

Counts = npt.NDArray[np.int64]
"""int64 ``(examples,)``."""

_POOL = 16_384  # examples among which those of like length are put together
_AT_ONCE = 64  # passages that the encoder reads together
_LATEST = 10  # sentences; later ones are told to be as late
_LEAST = float(np.finfo(np.float16).smallest_subnormal)


class Flat:
    """Rows of unlike length on a device."""

    def __init__(self, rows: Ragged, device: torch.device) -> None:
        kind = np.float32 if rows.values.dtype.kind == "f" else np.int32
        self._values = torch.from_numpy(rows.values.astype(kind)).to(device)
        self._starts = torch.from_numpy(rows.starts).to(device)

    def of(self, rows: Tensor, width: int, fill: int = 0) -> Tensor:
        """Some rows, float32 or int32 ``(rows, width, …)``, filled up behind their end."""
        at = torch.arange(width, device=rows.device)[None] + self._starts[rows][:, None]
        inside = at < self._starts[rows + 1][:, None]
        found = self._values[at.clamp(max=len(self._values) - 1)]
        return found.masked_fill(~(inside if found.dim() == 2 else inside[..., None]), fill)


class DeviceBatches:
    """Makes :class:`training.examples.Batch` of packed examples.

    Args:
        packed: texts and examples.
        encoder: lies on the device; its states of all passages are computed at once, and rounded as a bot keeps them.
        special: tokens around a text.
        device: where everything lies.
    """

    def __init__(self, packed: Packed, encoder: Encoder, special: SpecialTokens, device: torch.device) -> None:
        self._device, self._special = device, special
        self._longest = int(packed.passages["ids"].lengths.max())
        self._passages = {name: Flat(rows, device) for name, rows in packed.passages.items()}
        self._questions = {name: Flat(rows, device) for name, rows in packed.questions.items()}
        self._answers, self._answer_width = Flat(packed.answers, device), int(packed.answers.lengths.max())
        self._seen = packed.examples["seen"]
        self._columns = {name: torch.from_numpy(column).to(device) for name, column in packed.examples.items()}
        self._asked = packed.questions["ids"].lengths[packed.examples["question"]]
        self._lengths = packed.passages["ids"].lengths
        self._ends = torch.from_numpy(self._lengths + 1).to(device)
        self._states = self._computed(encoder)
        self._told, self._sentences = self._sizes()

    def dealt(self, rows: Rows, chance: random.Random, tokens: int) -> Iterator[Rows]:
        """Parts of about so many tokens, the question's and padding counted; in random order among some thousands."""
        rows = rows.copy()
        np.random.default_rng(chance.randrange(1 << 32)).shuffle(rows)
        for first in range(0, len(rows), _POOL):
            yield from self._dealt(rows[first : first + _POOL], chance, tokens)

    def batch(self, rows: Rows) -> Batch:
        """Some examples. Token 0 of each passage is special, as the network has it."""
        at = torch.from_numpy(rows).to(self._device)
        column = {name: values[at] for name, values in self._columns.items()}
        asked_ids, asked_mask, asked_words, weights = self._question(column["question"], int(self._asked[rows].max()))
        chosen, inside_text = self._chosen(column, int(self._told[rows].max()))
        passage = column["passage"]
        whole = {name: flat.of(passage, self._longest) for name, flat in self._passages.items()}
        taken = {name: _taken(values, chosen) for name, values in whole.items()}
        places = self._renumbered(column["kept"], taken["places"]).masked_fill(~inside_text, -1)
        told_words = taken["words"].masked_fill(~inside_text[..., None], 0)
        asked, told = self._features(asked_words, weights, told_words, taken["shapes"], places)
        told_ids, told_mask = self._specialised(taken["ids"], inside_text), _mask(inside_text)
        told = torch.cat([_around(told * inside_text[..., None], 0.0), told_mask[..., None]], dim=-1)
        right = self._right(column, int(self._sentences[rows].max()))
        return Batch(
            inputs=(asked_ids, asked_mask, _around(asked, 0.0), told_ids, told_mask, told),
            told=self._states_of(passage, chosen, inside_text),
            unkept=torch.from_numpy(np.flatnonzero(~self._seen[rows])).to(self._device),
            places=_around(places, -1),
            right=right,
            inside=_around(self._inside(column["answer"], chosen) & inside_text & (places >= 0), False),
            answerable=right.any(1),
            weight=column["weight"].float(),
        )

    def _features(
        self, asked_words: Tensor, weights: Tensor, told_words: Tensor, shapes: Tensor, places: Tensor
    ) -> tuple[Tensor, Tensor]:
        """As :func:`retrieval.joint.inputs.pair_features` has them, but for the last, of all pairs at once."""
        same = told_words[:, :, None] == asked_words[:, None]
        same &= (asked_words != 0)[:, None]
        bits = (shapes[..., None] >> torch.arange(SHAPE_BITS, device=self._device)) & 1
        late = places.clamp(0, _LATEST)[..., None] / _LATEST
        weighed = (same * weights[:, None, :, None]).amax(2)
        asked = torch.cat([weights[..., None], same.any(1)], dim=-1)
        return asked, torch.cat([bits, late, same.any(2), weighed], dim=-1)

    def _dealt(self, rows: Rows, chance: random.Random, tokens: int) -> list[Rows]:
        lengths = self._told[rows] + self._asked[rows] + 4
        order = np.argsort(-lengths, kind="stable")
        parts, first = [], 0
        while first < len(rows):
            last = first + max(tokens // int(lengths[order[first]]), 1)
            parts.append(rows[order[first:last]])
            first = last
        chance.shuffle(parts)
        return parts

    def _question(self, numbers: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        ids = self._questions["ids"].of(numbers, width, -1)
        inside = ids >= 0
        words, weights = (self._questions[name].of(numbers, width) for name in ("words", "weights"))
        return self._specialised(ids, inside), _mask(inside), words, weights

    def _specialised(self, ids: Tensor, inside: Tensor) -> Tensor:
        found = _around(ids.long().masked_fill(~inside, self._special.fill), self._special.fill)
        found[:, 0] = self._special.first
        return found.scatter(1, inside.sum(1, keepdim=True) + 1, self._special.last)

    def _chosen(self, column: dict[str, Tensor], width: int) -> tuple[Tensor, Tensor]:
        """Positions of the tokens that are shown, in the whole passage, and where there are any."""
        shown = self._shown(column)
        order = (~shown).byte().argsort(dim=1, stable=True)[:, :width]
        return order, shown.gather(1, order)

    def _shown(self, column: dict[str, Tensor]) -> Tensor:
        """Which tokens of the whole passage are shown, bool ``(rows, longest)``."""
        places = self._passages["places"].of(column["passage"], self._longest, MOST_SENTENCES)
        bit = (column["kept"][:, None] >> places.clamp(min=0)) & 1
        return torch.where(places >= 0, bit.bool(), column["titled"][:, None])

    def _renumbered(self, kept: Tensor, places: Tensor) -> Tensor:
        """Places counted among the sentences that are shown."""
        bits = self._sentence_bits(kept)
        number = torch.cat([bits.cumsum(1) - bits, torch.full_like(bits[:, :1], -1)], dim=1)
        return number.gather(1, torch.where(places >= 0, places, MOST_SENTENCES).long())

    def _right(self, column: dict[str, Tensor], width: int) -> Tensor:
        kept = self._sentence_bits(column["kept"])
        number = torch.where(kept > 0, kept.cumsum(1) - 1, MOST_SENTENCES)
        found = torch.zeros_like(number[:, :1]).expand(-1, MOST_SENTENCES + 1).clone()
        found.scatter_(1, number, self._sentence_bits(column["right"]) & kept)
        return found[:, :width].bool()

    def _sentence_bits(self, numbers: Tensor) -> Tensor:
        return (numbers[:, None] >> torch.arange(MOST_SENTENCES, device=self._device)) & 1

    def _inside(self, answers: Tensor, chosen: Tensor) -> Tensor:
        positions = self._answers.of(answers.clamp(min=0).long(), self._answer_width, self._longest).long()
        whole = torch.zeros((len(answers), self._longest + 1), dtype=torch.bool, device=self._device)
        whole = whole.scatter(1, positions, (answers >= 0)[:, None].expand_as(positions))
        whole[:, -1] = False
        return whole.gather(1, chosen)

    def _states_of(self, passages: Tensor, chosen: Tensor, inside: Tensor) -> Tensor:
        count = inside.sum(1, keepdim=True)
        last = self._ends[passages][:, None]
        at = torch.cat([torch.zeros_like(last), chosen + 1, last], dim=1).scatter(1, count + 1, last)
        return self._states[passages[:, None], at].float()

    def _computed(self, encoder: Encoder) -> Tensor:
        shape = (len(self._lengths), self._longest + 2, encoder.words.embedding_dim)
        found = torch.zeros(shape, dtype=torch.float16, device=self._device)
        order = np.argsort(self._lengths, kind="stable")
        for first in range(0, len(order), _AT_ONCE):
            part = order[first : first + _AT_ONCE]
            numbers, width = torch.from_numpy(part).to(self._device), int(self._lengths[part].max())
            ids = self._passages["ids"].of(numbers, width, -1)
            inside = ids >= 0
            with torch.no_grad():
                states = encoder.states(self._specialised(ids, inside), _mask(inside))
            # As retrieval.joint.packing rounds them, but where they lie.
            scales = (states.abs().amax(-1, keepdim=True) / STATE_TOP).half().float().clamp(min=_LEAST)
            found[numbers, : width + 2] = ((states / scales).round().clamp(-STATE_TOP, STATE_TOP) * scales).half()
        return found

    def _sizes(self) -> tuple[Counts, Counts]:
        """How many tokens and sentences of its passage each example shows."""
        tokens, sentences = [], []
        for first in range(0, len(self._seen), _POOL):
            column = {name: values[first : first + _POOL] for name, values in self._columns.items()}
            tokens.append(self._shown(column).sum(1).cpu().numpy())
            sentences.append(self._sentence_bits(column["kept"]).sum(1).clamp(min=1).cpu().numpy())
        return np.concatenate(tokens), np.concatenate(sentences)


def _taken(values: Tensor, chosen: Tensor) -> Tensor:
    if values.dim() == 2:
        return values.gather(1, chosen)
    return values.gather(1, chosen[..., None].expand(-1, -1, values.shape[-1]))


def _mask(inside: Tensor) -> Tensor:
    """Where there are tokens, the special ones counted."""
    return torch.arange(inside.shape[1] + 2, device=inside.device) < inside.sum(1, keepdim=True) + 2


def _around(values: Tensor, fill: float) -> Tensor:
    """With a place before and one behind each row's."""
    padding = (1, 1) if values.dim() == 2 else (0, 0, 1, 1)
    return torch.nn.functional.pad(values, padding, value=fill)
