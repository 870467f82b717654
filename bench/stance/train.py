"""Train the embedded stance model and write it as one int8 ONNX file.

    python -m bench.stance.train --out agent/adapters/stance

Needs the packages of the `train` extra and the shared data. Seeded; about 25 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import Tensor, nn

from agent.adapters.packaged_minilm import model_folder
from bench.stance.model import StanceNet
from bench.stance.pairs import LABELS, Pair, arxiv_pairs, scifact_pairs

MAX_TOKENS = 128
THRESHOLD, REFUTE, LEAD = 0.9, 0.93, 0.6
"""Chosen from the precision and coverage that `measure` prints."""


def main() -> None:
    """Parse the arguments, train, export."""
    args = _arguments()
    rng = random.Random(args.seed)
    torch.manual_seed(args.seed)
    human, weak = scifact_pairs(rng), arxiv_pairs(rng, args.titles)
    print(f"pairs: {len(human)} human, {len(weak)} weak", flush=True)
    rng.shuffle(human)
    rng.shuffle(weak)
    cut = len(human) // 10
    kept, check = human[cut:] * args.repeat + weak[800:], human[:cut] + weak[:800]
    net, tokenizer = StanceNet(model_folder()), load_tokenizer()
    for epoch in range(args.epochs):
        rng.shuffle(kept)
        train_epoch(net, tokenizer, kept, args, epoch)
        print(
            f"epoch {epoch}: agreement on held-back pairs {agreement(net, tokenizer, check):.3f}",
            flush=True,
        )
    temperature = fit_temperature(*scores_of(net, tokenizer, human[:cut]))
    export(
        net,
        args.out,
        {
            "temperature": temperature,
            "labels": list(LABELS),
            "max_tokens": MAX_TOKENS,
            "threshold": THRESHOLD,
            "refute": REFUTE,
            "lead": LEAD,
        },
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--titles", type=int, default=4500, help="declarative titles to use")
    parser.add_argument("--repeat", type=int, default=3, help="times a human pair is seen an epoch")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=6e-5)
    parser.add_argument("--seed", type=int, default=11)
    return parser.parse_args()


def load_tokenizer() -> Tokenizer:
    """The packaged MiniLM's tokenizer, cut to MAX_TOKENS and padded to the longest of a batch."""
    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    return tokenizer


def encode(tokenizer: Tokenizer, pairs: list[Pair]) -> tuple[dict[str, Tensor], Tensor]:
    """Return the network's inputs and the labels of a batch."""
    found = tokenizer.encode_batch([(p.claim, p.sentence) for p in pairs])
    inputs = {
        "input_ids": torch.tensor([e.ids for e in found]),
        "attention_mask": torch.tensor([e.attention_mask for e in found]),
        "token_type_ids": torch.tensor([e.type_ids for e in found]),
    }
    return inputs, torch.tensor([p.label for p in pairs])


def batches(pairs: list[Pair], size: int) -> Iterator[list[Pair]]:
    """Yield batches of similar length, so that little is padding."""
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i].claim) + len(pairs[i].sentence))
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    random.Random(len(pairs)).shuffle(groups)
    for group in groups:
        yield [pairs[i] for i in group]


def train_epoch(
    net: StanceNet, tokenizer: Tokenizer, pairs: list[Pair], args: argparse.Namespace, epoch: int
) -> None:
    """One pass with AdamW and a linear decay over all epochs."""
    net.train()
    if epoch == 0:
        args.optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=0.01)
        args.total = args.epochs * math.ceil(len(pairs) / args.batch)
        args.done = 0
    loss_of, started = nn.CrossEntropyLoss(label_smoothing=0.05), time.monotonic()
    for batch in batches(pairs, args.batch):
        inputs, labels = encode(tokenizer, batch)
        for group in args.optimizer.param_groups:
            group["lr"] = (
                args.rate * min(1.0, 10 * (args.done + 1) / args.total) * (1 - args.done / args.total)
            )
        loss_of(net(**inputs), labels).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        args.optimizer.step()
        args.optimizer.zero_grad()
        args.done += 1
        if args.done % 100 == 0:
            rate = args.done * args.batch / max(time.monotonic() - started, 1e-9)
            print(
                f"step {args.done}/{args.total}, {rate:.0f} pairs/s since the epoch began",
                flush=True,
            )


@torch.no_grad()
def scores_of(net: StanceNet, tokenizer: Tokenizer, pairs: list[Pair]) -> tuple[Tensor, Tensor]:
    """Logits [n, 3] and labels [n] without gradients."""
    net.eval()
    found = [encode(tokenizer, pairs[i : i + 64]) for i in range(0, len(pairs), 64)]
    return torch.cat([net(**x) for x, _ in found]), torch.cat([y for _, y in found])


def agreement(net: StanceNet, tokenizer: Tokenizer, pairs: list[Pair]) -> float:
    """Share of pairs whose likeliest class is the label."""
    scores, labels = scores_of(net, tokenizer, pairs)
    return float((scores.argmax(1) == labels).float().mean())


def fit_temperature(scores: Tensor, labels: Tensor) -> float:
    """The temperature of lowest log loss (Guo et al. 2017, arXiv:1706.04599), by grid."""
    grid = np.linspace(0.5, 4.0, 71)
    losses = [float(nn.functional.cross_entropy(scores / t, labels)) for t in grid]
    return round(float(grid[int(np.argmin(losses))]), 3)


def export(net: StanceNet, out: Path, card: dict[str, object]) -> None:
    """Write model.onnx (int8 weights) and stance.json beside it."""
    out.mkdir(parents=True, exist_ok=True)
    net.eval()
    inputs, _ = encode(load_tokenizer(), [Pair("one claim", "one sentence", 0)] * 2)
    full = out / "model.fp32.onnx"
    axes = {name: {0: "batch", 1: "tokens"} for name in inputs}
    torch.onnx.export(
        net, tuple(inputs.values()), str(full), input_names=list(inputs), output_names=["logits"],
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(full, out / "model.onnx", weight_type=QuantType.QInt8, per_channel=True)
    full.unlink()
    (out / "stance.json").write_text(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    main()
