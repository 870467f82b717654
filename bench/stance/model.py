"""The stance network: a sentence encoder over the pair, and a head over both sides' mean tokens.

Both bases were trained with mean pooling, so the head sees the mean of the claim's tokens u, the
mean of the sentence's tokens v, |u - v|, u * v (as in Sentence-BERT, arXiv:1908.10084) and the
first token. Upper layers may be cut off, which costs little when the network is trained on
(Sajjad et al., arXiv:2004.03844).
"""

from __future__ import annotations

import inspect
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from torch import Tensor, nn
from transformers import AutoModel

from bench.stance.pairs import LABELS, Pair

MAX_TOKENS = 128


class StanceNet(nn.Module):
    """(input_ids, attention_mask, token_type_ids), each [batch, tokens] -> logits [batch, 4].

    `token_type_ids` is 0 on the claim's tokens and 1 on the sentence's, whatever the base.
    """

    def __init__(self, folder: Path, layers: int = 0, frozen: int = 0, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, attn_implementation="eager")
        if layers:
            self.encoder.encoder.layer = self.encoder.encoder.layer[:layers]
        fixed = [self.encoder.embeddings, *self.encoder.encoder.layer[:frozen]] if frozen else []
        for part in fixed:
            part.requires_grad_(False)
        self._typed = "token_type_ids" in inspect.signature(self.encoder.forward).parameters
        width = self.encoder.config.hidden_size
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(5 * width, 384), nn.GELU(),
            nn.Dropout(dropout), nn.Linear(384, len(LABELS)),
        )  # fmt: skip

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Return the unscaled class scores."""
        types = {"token_type_ids": token_type_ids} if self._typed else {}
        tokens = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **types).last_hidden_state
        claim = _mean(tokens, attention_mask * (1 - token_type_ids))
        sentence = _mean(tokens, attention_mask * token_type_ids)
        joined = [claim, sentence, (claim - sentence).abs(), claim * sentence, tokens[:, 0]]
        scores: Tensor = self.head(torch.cat(joined, dim=1))
        return scores


def _mean(tokens: Tensor, mask: Tensor) -> Tensor:
    weight = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * weight).sum(1) / weight.sum(1).clamp(min=1)


def load_tokenizer(folder: Path) -> Tokenizer:
    """The base's tokenizer, cut to MAX_TOKENS, marking the sentence's side as type 1."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    first, last = ("[CLS]", "[SEP]") if tokenizer.token_to_id("[CLS]") else ("<s>", "</s>")
    marks = [(mark, tokenizer.token_to_id(mark)) for mark in (first, last)]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{first}:0 $A:0 {last}:0", pair=f"{first}:0 $A:0 {last}:0 $B:1 {last}:1", special_tokens=marks
    )
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding(pad_id=tokenizer.token_to_id("[PAD]" if first == "[CLS]" else "<pad>"))
    return tokenizer


def encode(tokenizer: Tokenizer, pairs: list[Pair]) -> dict[str, Tensor]:
    """Return the network's inputs for a batch."""
    found = tokenizer.encode_batch([(p.claim, p.sentence) for p in pairs])
    return {
        "input_ids": torch.tensor([e.ids for e in found]),
        "attention_mask": torch.tensor([e.attention_mask for e in found]),
        "token_type_ids": torch.tensor([e.type_ids for e in found]),
    }
