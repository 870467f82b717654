"""The lower layers' output, computed once and cached on disk, so that two cores can train the upper ones.

Tokens are bfloat16. A cache records which pairs it was computed from, and is recomputed for others.
"""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agent.adapters.judges.stance_pairs import Pair, batches
from bench.stance.network import WIDTH, StanceNet, collate

BUDGET = 7000


class Lower:
    """Tokens of many pairs after a network's first layers, and the network's own scores for the pairs."""

    def __init__(
        self, tokens: NDArray[np.int16], offsets: NDArray[np.int64], scores: NDArray[np.float32]
    ) -> None:
        self._tokens, self._offsets, self.scores = tokens, offsets, scores

    def padded(self, rows: Sequence[int], width: int) -> Tensor:
        """Tokens [rows, width, WIDTH] in float32, zero past a pair's end."""
        out = torch.zeros(len(rows), width, WIDTH, dtype=torch.bfloat16)
        for n, row in enumerate(rows):
            tokens = self._tokens[self._offsets[row] : self._offsets[row + 1]]
            out[n, : len(tokens)] = torch.from_numpy(np.array(tokens)).view(torch.bfloat16)
        return out.float()


def lower(net: StanceNet, items: Sequence[Pair], count: int, place: Path) -> Lower:
    """Read the cache at `place`, or compute it: about ten pairs a second on two cores."""
    digest = hashlib.sha256(repr((count, [item.ids for item in items])).encode()).hexdigest()
    offsets = np.cumsum([0, *(item.length for item in items)])
    meta_file, token_file = place.with_suffix(".npz"), place.with_suffix(".tokens")
    shape = (int(offsets[-1]), WIDTH)
    if meta_file.exists() and str(np.load(meta_file)["digest"]) == digest:
        return Lower(np.memmap(token_file, np.int16, "r", shape=shape), offsets, np.load(meta_file)["scores"])
    place.parent.mkdir(parents=True, exist_ok=True)
    tokens = np.memmap(token_file, np.int16, "w+", shape=shape)
    scores = _fill(net, items, count, tokens, offsets)
    tokens.flush()
    np.savez(meta_file, digest=digest, scores=scores)
    return Lower(tokens, offsets, scores)


@torch.no_grad()
def _fill(
    net: StanceNet, items: Sequence[Pair], count: int, tokens: NDArray[np.int16], offsets: NDArray[np.int64]
) -> NDArray[np.float32]:
    fast, scores = copy.deepcopy(net).eval().to(torch.bfloat16), np.zeros((len(items), 4), np.float32)
    started, done = time.monotonic(), 0
    for rows in batches(items, BUDGET):
        batch = collate([items[i] for i in rows])
        found = fast.lower(batch.ids, batch.mask, count)
        for n, row in enumerate(rows):
            tokens[offsets[row] : offsets[row + 1]] = found[n, : items[row].length].view(torch.int16).numpy()
        scores[rows] = fast.upper(found, batch.mask, batch.claim, batch.text, count).float().numpy()
        if done // 1000 != (done + len(rows)) // 1000:
            print(
                f"lower layers: {done} of {len(items)}, {done / (time.monotonic() - started):.1f} a second",
                flush=True,
            )
        done += len(rows)
    return scores
