"""Train the stance network from the shared checkpoint and save its weights.

    python -m bench.stance.train --work work/stance

One claim in five is left out, and the shipped network is measured on those. On two cores the lower
eight layers are frozen and their output is computed once (some 45 minutes); an epoch over the upper four and
the head takes half an hour. On a GPU, `--frozen 0` trains everything. Seeded.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from agent.adapters.judges.stance_pairs import MPNET, Pair, batches, tokenise
from bench.stance.data import (
    NEUTRAL,
    Example,
    abstracts,
    fold_of,
    own_pairs,
    scifact_examples,
    sentences,
    shared_pairs,
)  # fmt: skip
from bench.stance.lower import Lower, lower
from bench.stance.network import Batch, StanceNet, collate, load_checkpoint, load_tokenizer

SEED, REPLAYED, WARM_UP = 11, 2400, 0.06
EASY, KEPT_OF_EASY = 0.5, 0.25
"""Neutral examples that the checkpoint already calls neutral teach little: only this share is kept."""


class Set(NamedTuple):
    """Examples from one source, tokenised, with their frozen lower layers if there are any."""

    examples: list[Example]
    items: list[Pair]
    frozen: Lower | None


class Row(NamedTuple):
    """One example of one set."""

    source: int
    row: int
    item: Pair


def main() -> None:
    """Parse the arguments, train, and save the weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for the weights and the frozen layers"
    )
    parser.add_argument(
        "--leave-out", type=int, default=0, help="fold whose claims are not trained on; -1: none"
    )
    parser.add_argument("--frozen", type=int, default=8, help="lower layers that are not trained")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=3e-5)
    parser.add_argument("--tokens", type=int, default=6000, help="tokens per batch")
    parser.add_argument(
        "--minutes", type=float, default=0.0, help="stop after this long; the learning rate adapts"
    )
    args = parser.parse_args()
    torch.manual_seed(SEED)
    net, sets = load_checkpoint(), sources(args.work, args.frozen)
    rows = mixture(sets, args.leave_out, random.Random(SEED))
    print(f"{len(rows)} examples", flush=True)
    fit(net, sets, rows, args)
    torch.save(net.state_dict(), args.work / "weights.pt")


def sources(work: Path, frozen: int) -> list[Set]:
    """Every source of examples: found and ranked abstracts, their sentences, a replay, SciFact."""
    searched = [p for p in shared_pairs() if p.kind == "found"]
    written = [p for p in shared_pairs() if p.kind != "found"]
    replayed = random.Random(SEED).sample(written, REPLAYED)
    by_source = {
        "found": abstracts(searched),
        "own": abstracts(own_pairs()),
        "sentences": list(sentences([*searched, *own_pairs()], random.Random(SEED))),
        "replay": [*abstracts(replayed), *list(sentences(replayed, random.Random(SEED)))[:REPLAYED]],
        "scifact": list(scifact_examples()),
    }
    return [prepared(name, examples, work, frozen) for name, examples in by_source.items()]


def prepared(name: str, examples: list[Example], work: Path, frozen: int) -> Set:
    """Tokenise a source and cache its frozen layers on disk."""
    items = tokenise(load_tokenizer(), MPNET, [(e.claim, e.text) for e in examples])
    cached = lower(load_checkpoint(), items, frozen, work / name) if frozen else None
    return Set(examples, items, cached)


def mixture(sets: Sequence[Set], leave_out: int, rng: random.Random) -> list[Row]:
    """The training examples: all but the left-out claims and most of the easy neutral abstracts."""
    rows = []
    for n, (examples, items, frozen) in enumerate(sets):
        for row, example in enumerate(examples):
            if fold_of(example.claim) == leave_out:
                continue
            if example.label == NEUTRAL and frozen and is_easy(frozen, row) and rng.random() > KEPT_OF_EASY:
                continue
            rows.append(Row(n, row, items[row]))
    return rows


def is_easy(frozen: Lower, row: int) -> bool:
    """Whether the checkpoint already calls an example neutral."""
    powers = np.exp(frozen.scores[row] - frozen.scores[row].max())
    return bool(powers[NEUTRAL] / powers.sum() > EASY)


def fit(net: StanceNet, sets: Sequence[Set], rows: list[Row], args: argparse.Namespace) -> None:
    """AdamW in bfloat16; a short warm-up, then linear decay over the steps or the time limit."""
    trained = [*net.enc.encoder.layer[args.frozen :].parameters(), *net.head.parameters()]
    if not args.frozen:
        trained = list(net.parameters())
    optimizer = torch.optim.AdamW(trained, lr=args.rate, weight_decay=0.01)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.02)
    steps = list(schedule(rows, args.epochs, args.tokens))
    started, seen, losses = time.monotonic(), 0, list[float]()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net.train().to(device)
    for step, chosen in enumerate(steps):
        progress = max(
            step / len(steps), (time.monotonic() - started) / (60 * args.minutes) if args.minutes else 0
        )
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = args.rate * min(1.0, (progress + 1e-3) / WARM_UP) * (1 - progress)
        loss = loss_of(*scored(net, sets, chosen, args.frozen, device))
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        seen, losses = seen + len(chosen), [*losses, float(loss.detach())][-50:]
        if step % 50 == 49:
            pace = seen / (time.monotonic() - started)
            print(
                f"step {step + 1} of {len(steps)}, {pace:.1f} pairs a second, loss {np.mean(losses):.3f}",
                flush=True,
            )


def scored(
    net: StanceNet, sets: Sequence[Set], chosen: Sequence[Row], frozen: int, device: str
) -> tuple[Tensor, Tensor]:
    """Scores and labels of a batch whose rows all come from one source."""
    batch = Batch(*(t.to(device) for t in collate([r.item for r in chosen])))
    cached = sets[chosen[0].source].frozen
    with torch.autocast(device, dtype=torch.bfloat16):
        if cached:
            below = cached.padded([r.row for r in chosen], batch.ids.shape[1]).to(device)
            scores = net.upper(below, batch.mask, batch.claim, batch.text, frozen)
        else:
            scores = net(*batch)
    labels = torch.tensor([sets[r.source].examples[r.row].label for r in chosen])
    return scores.float(), labels.to(device)


def schedule(rows: list[Row], epochs: float, tokens: int) -> Iterator[list[Row]]:
    """Batches from one source and of similar length, in random order."""
    rng = random.Random(SEED)
    for epoch in range(int(np.ceil(epochs))):
        shuffled = rng.sample(rows, round(len(rows) * min(1.0, epochs - epoch)))
        by_source: dict[int, list[Row]] = {}
        for row in shuffled:
            by_source.setdefault(row.source, []).append(row)
        groups = [
            [source_rows[i] for i in group]
            for source_rows in by_source.values()
            for group in batches([r.item for r in source_rows], tokens)
        ]
        rng.shuffle(groups)
        yield from groups


if __name__ == "__main__":
    main()
