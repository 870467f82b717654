"""The stance network: MiniLM over the pair, and a head over both sides' mean tokens.

The encoder was trained with mean pooling, so the head sees the mean of the claim's tokens u, the
mean of the sentence's tokens v, |u - v|, u * v (as in Sentence-BERT, arXiv:1908.10084) and [CLS].
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel

from bench.stance.pairs import LABELS


class StanceNet(nn.Module):
    """(input_ids, attention_mask, token_type_ids), each [batch, tokens] -> logits [batch, 3]."""

    def __init__(self, folder: Path, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, attn_implementation="eager")
        width = self.encoder.config.hidden_size
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(5 * width, width), nn.GELU(),
            nn.Dropout(dropout), nn.Linear(width, len(LABELS)),
        )  # fmt: skip

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Return the unscaled class scores."""
        tokens = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        claim = _mean(tokens, attention_mask * (1 - token_type_ids))
        sentence = _mean(tokens, attention_mask * token_type_ids)
        joined = [claim, sentence, (claim - sentence).abs(), claim * sentence, tokens[:, 0]]
        scores: Tensor = self.head(torch.cat(joined, dim=1))
        return scores


def _mean(tokens: Tensor, mask: Tensor) -> Tensor:
    weight = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * weight).sum(1) / weight.sum(1).clamp(min=1)
