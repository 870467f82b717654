"""Train the stance network on labelled pairs and keep its weights.

    python -m bench.stance.train --work work/stance --base FOLDER --layers 8 --frozen 2

Needs the packages of the `train` extra and the shared data. Seeded. `export` writes the shipped file.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from agent.adapters.packaged_minilm import model_folder
from bench.stance.model import StanceNet, encode, load_tokenizer
from bench.stance.pairs import LABELS, Pair, scifact_pairs
from bench.stance.weak import arxiv_pairs

Target = tuple[Pair, Sequence[float]]
"""A pair and the share of each label it is to be given."""


def main() -> None:
    """Parse the arguments, train, keep the weights."""
    args = arguments().parse_args()
    rng = random.Random(args.seed)
    torch.manual_seed(args.seed)
    human, weak = scifact_pairs(rng), arxiv_pairs(rng, args.titles, args.limits, args.beliefs)
    print(f"pairs: {len(human)} human, {len(weak)} weak", flush=True)
    rng.shuffle(human)
    rng.shuffle(weak)
    cut = len(human) // 10
    kept: list[Target] = [(p, one_hot(p.label)) for p in human[cut:] * args.repeat + weak[300:]]
    net, tokenizer = StanceNet(args.base, args.layers, args.frozen), load_tokenizer(args.base)
    fit(net, tokenizer, kept, args)
    for name, check in (("human", human[:cut]), ("weak", weak[:300])):
        print(f"agreement on held-back {name} pairs: {agreement(net, tokenizer, check):.3f}", flush=True)
    save(net, args, fit_temperature(*scores_of(net, tokenizer, human[:cut])))


def arguments() -> argparse.ArgumentParser:
    """The options that training and distilling share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for the weights")
    parser.add_argument("--base", type=Path, default=model_folder(), help="folder of the sentence encoder")
    parser.add_argument("--layers", type=int, default=0, help="layers to keep; 0 for all")
    parser.add_argument("--frozen", type=int, default=0, help="lower layers not trained")
    parser.add_argument("--titles", type=int, default=9000, help="titles and findings to use")
    parser.add_argument("--limits", type=int, default=6000, help="limitations to use")
    parser.add_argument("--beliefs", type=int, default=4, help="times a named belief is seen an epoch")
    parser.add_argument("--repeat", type=int, default=3, help="times a human pair is seen an epoch")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--seed", type=int, default=11)
    return parser


def one_hot(label: int) -> list[float]:
    """All the share on one label."""
    return [float(n == label) for n in range(len(LABELS))]


def batches(targets: list[Target], size: int, rng: random.Random) -> Iterator[list[Target]]:
    """Yield batches of similar length in random order, so that little is padding."""
    order = sorted(targets, key=lambda t: len(t[0].claim) + len(t[0].sentence))
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    rng.shuffle(groups)
    yield from groups


def fit(net: StanceNet, tokenizer: Tokenizer, targets: list[Target], args: argparse.Namespace) -> None:
    """Train with AdamW in bfloat16 products, a tenth of warm-up, then linear decay."""
    rng, done, started = random.Random(args.seed), 0, time.monotonic()
    total = args.epochs * math.ceil(len(targets) / args.batch)
    encoder = [p for p in net.encoder.parameters() if p.requires_grad]
    groups = [{"params": encoder, "scale": 1.0}, {"params": net.head.parameters(), "scale": 8.0}]
    optimizer = torch.optim.AdamW(groups, lr=args.rate, weight_decay=0.01)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    net.train()
    for _ in range(args.epochs):
        rng.shuffle(targets)
        for batch in batches(targets, args.batch, rng):
            pace = min(1.0, 10 * (done + 1) / total) * (1 - done / total)
            for group in optimizer.param_groups:
                group["lr"] = args.rate * group["scale"] * pace
            with torch.autocast("cpu", dtype=torch.bfloat16):
                scores = net(**encode(tokenizer, [p for p, _ in batch]))
            loss = loss_of(scores.float(), torch.tensor([s for _, s in batch]))
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            done += 1
            if done % 50 == 0:
                rate = done * args.batch / (time.monotonic() - started)
                print(f"step {done}/{total}, {rate:.1f} pairs/s, loss {loss.item():.3f}", flush=True)


@torch.no_grad()
def scores_of(net: StanceNet, tokenizer: Tokenizer, pairs: list[Pair]) -> tuple[Tensor, Tensor]:
    """Logits [n, 4] and labels [n] without gradients."""
    net.eval()
    found = [net(**encode(tokenizer, pairs[i : i + 64])) for i in range(0, len(pairs), 64)]
    return torch.cat(found), torch.tensor([p.label for p in pairs])


def agreement(net: StanceNet, tokenizer: Tokenizer, pairs: list[Pair]) -> float:
    """Share of pairs whose likeliest class is the label."""
    scores, labels = scores_of(net, tokenizer, pairs)
    return float((scores.argmax(1) == labels).float().mean())


def fit_temperature(scores: Tensor, labels: Tensor) -> float:
    """The temperature of lowest log loss (Guo et al. 2017, arXiv:1706.04599), by grid."""
    grid = np.linspace(0.5, 4.0, 71)
    losses = [float(nn.functional.cross_entropy(scores / t, labels)) for t in grid]
    return round(float(grid[int(np.argmin(losses))]), 3)


def save(net: StanceNet, args: argparse.Namespace, temperature: float) -> None:
    """Keep the weights and what is needed to build the network again."""
    args.work.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), args.work / "weights.pt")
    card = {"base": str(args.base), "layers": args.layers, "temperature": temperature}
    (args.work / "network.json").write_text(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    main()
