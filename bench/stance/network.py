"""The stance network: an mpnet encoder over (claim, text), and a head over both sides' mean tokens.

The base was trained with mean pooling, so the head sees the first token, the mean of the claim's tokens u,
the mean of the text's tokens v, |u - v| and u * v (as in Sentence-BERT, arXiv:1908.10084).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import MPNetConfig, MPNetModel

from agent.adapters.judges.stance_model import LABELS
from agent.adapters.judges.stance_pairs import CLAIM, MPNET, TEXT, Layout, Pair, padded
from bench.data import DATA, require

CHECKPOINT = DATA / "stance/checkpoint"
WIDTH = 768


class Batch(NamedTuple):
    """Padded pairs: ids, and masks of all tokens, the claim's and the text's, each [pairs, tokens]."""

    ids: Tensor
    mask: Tensor
    claim: Tensor
    text: Tensor


class Head(nn.Module):
    """Tokens [pairs, tokens, width] and the two sides' masks in, scores [pairs, 4] out."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.d, self.o = nn.Linear(5 * width, width), nn.Linear(width, len(LABELS))
        self.dropout = nn.Dropout(0.1)

    def forward(self, tokens: Tensor, claim: Tensor, text: Tensor) -> Tensor:
        """Unscaled scores in the order of LABELS."""
        hidden = nn.functional.gelu(self.d(self.dropout(self.joined(tokens, claim, text))))
        scores: Tensor = self.o(self.dropout(hidden))
        return scores

    def joined(self, tokens: Tensor, claim: Tensor, text: Tensor) -> Tensor:
        """The head's input [pairs, 5 * width]."""
        u, v = _mean(tokens, claim), _mean(tokens, text)
        return torch.cat([tokens[:, 0], u, v, (u - v).abs(), u * v], dim=1)


class StanceNet(nn.Module):
    """Twelve layers and a head; `layers` selects those to keep, for a smaller network."""

    def __init__(self, layers: Sequence[int] = tuple(range(12))) -> None:
        super().__init__()
        config = MPNetConfig(vocab_size=30527, max_position_embeddings=514, layer_norm_eps=1e-5)
        self.enc = MPNetModel(config, add_pooling_layer=False)
        self.enc.encoder.layer = nn.ModuleList(self.enc.encoder.layer[i] for i in layers)
        self.head = Head(WIDTH)

    def forward(self, ids: Tensor, mask: Tensor, claim: Tensor, text: Tensor) -> Tensor:
        """Unscaled scores [pairs, 4] in the order of LABELS; the arguments are those of a Batch."""
        return self.upper(self.lower(ids, mask, 0), mask, claim, text, 0)

    def lower(self, ids: Tensor, mask: Tensor, count: int) -> Tensor:
        """The tokens [pairs, tokens, width] after the embeddings and the first `count` layers."""
        tokens: Tensor = self.enc.embeddings(input_ids=ids)
        return self._through(tokens, mask, 0, count)

    def upper(self, tokens: Tensor, mask: Tensor, claim: Tensor, text: Tensor, start: int) -> Tensor:
        """Scores from the output of the first `start` layers."""
        tokens = self._through(tokens, mask, start, len(self.enc.encoder.layer))
        scores: Tensor = self.head(tokens, claim, text)
        return scores

    def _through(self, tokens: Tensor, mask: Tensor, start: int, stop: int) -> Tensor:
        encoder: Any = self.enc.encoder
        bias = encoder.compute_position_bias(tokens)
        hidden = ((1.0 - mask) * -10000.0)[:, None, None, :].to(tokens.dtype)
        for layer in encoder.layer[start:stop]:
            tokens = layer(tokens, hidden, bias)[0]
        return tokens


def _mean(tokens: Tensor, which: Tensor) -> Tensor:
    weight = which.unsqueeze(-1).to(tokens.dtype)
    return (tokens * weight).sum(1) / weight.sum(1).clamp(min=1)


def load_checkpoint(folder: Path = CHECKPOINT) -> StanceNet:
    """The network of the shared checkpoint: int8 matrices with one scale per row, the rest in float32."""
    arrays = np.load(require(folder / "mpnet12.npz"))
    weights = {}
    for name in {key.split("|")[0] for key in arrays.files}:
        whole = (
            arrays[f"{name}|q"].astype(np.float32) * arrays[f"{name}|s"]
            if f"{name}|q" in arrays.files
            else arrays[name]
        )
        weights[name] = torch.tensor(np.asarray(whole, dtype=np.float32))
    net = StanceNet()
    net.load_state_dict(weights)
    return net


def load_tokenizer(folder: Path = CHECKPOINT) -> Tokenizer:
    """The base model's tokenizer, without truncation or padding."""
    tokenizer = Tokenizer.from_file(str(require(folder / "tokenizer.json")))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def collate(pairs: Sequence[Pair], layout: Layout = MPNET) -> Batch:
    """Pad pairs to the length of the longest."""
    ids, sides = map(torch.from_numpy, padded(pairs, layout))
    return batch_of(ids, sides, layout)


def batch_of(ids: Tensor, sides: Tensor, layout: Layout) -> Batch:
    """Ids and sides, each [pairs, tokens], as a batch for the network."""
    return Batch(ids, (ids != layout.padding).float(), (sides == CLAIM).float(), (sides == TEXT).float())
