"""The packaged MiniLM by onnxruntime: write its graph, and compare it with sentence-transformers.

    python -m bench.minilm [--write]

The graph (`agent/adapters/embedding/minilm.onnx`) holds no weights: they are read from the published
safetensors file when the model is loaded. The script prints how close both ways are, the seconds each takes
for the same texts in the same run, and the seconds until the first vector in a new process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from agent.adapters.embedding.minilm import GRAPH, PackagedMiniLM
from agent.adapters.embedding.packaged_minilm import model_folder
from agent.adapters.embedding.sentence_transformer import SentenceTransformerEmbedder
from bench.data import DATA, read_jsonl, require

TEXTS = 512
IN_A_NEW_PROCESS = """
import sys, time
started = time.perf_counter()
if sys.argv[1] == "onnxruntime":
    from agent.adapters.embedding.minilm import PackagedMiniLM as Model
    model = Model()
else:
    from agent.adapters.embedding.packaged_minilm import model_folder
    from agent.adapters.embedding.sentence_transformer import SentenceTransformerEmbedder as Model
    model = Model(str(model_folder()))
model.embed(["Do longer chains of thought help?"])
print(time.perf_counter() - started)
"""


class Pooled(nn.Module):
    """Token ids and mask [texts, tokens] in, unit vectors [texts, width] out."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Mean of the tokens, normalised."""
        tokens = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(tokens.dtype)
        mean = (tokens * weight).sum(1) / weight.sum(1).clamp(min=1e-9)
        return nn.functional.normalize(mean, dim=1)


def main() -> None:
    """Write the graph, or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write the graph")
    if parser.parse_args().write:
        write(GRAPH)
    print(json.dumps(compared(), indent=1))


def write(path: Path) -> None:
    """Export the graph and take the weights out of it."""
    from transformers import BertModel

    encoder = BertModel.from_pretrained(model_folder(), add_pooling_layer=False, attn_implementation="eager")
    ids = torch.ones((2, 7), dtype=torch.long)
    whole = path.with_suffix(".whole.onnx")
    axes = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        Pooled(encoder.train(mode=False)), (ids, ids), str(whole),
        input_names=["ids", "mask"], output_names=["vectors"],
        dynamic_axes={"ids": axes, "mask": axes, "vectors": {0: "texts"}}, opset_version=17,
        do_constant_folding=False, dynamo=False,
    )  # fmt: skip
    model = onnx.load(whole)
    whole.unlink()
    names = {name.removeprefix("encoder.") for name, _ in Pooled(encoder).named_parameters()}
    for held in model.graph.initializer:
        if held.name.removeprefix("encoder.") in names:
            _emptied(held)
    onnx.save(model, path)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} KB", flush=True)


def _emptied(held: Any) -> None:
    """Mark a weight as lying elsewhere: the loader puts the published one in its place."""
    held.ClearField("raw_data")
    held.data_location = onnx.TensorProto.EXTERNAL
    del held.external_data[:]
    for key, value in {"location": "model.safetensors", "offset": "0", "length": "4"}.items():
        entry = held.external_data.add()
        entry.key, entry.value = key, value


def compared() -> dict[str, Any]:
    """Closeness and seconds of both, on the same texts."""
    records = read_jsonl(require(DATA / "arxiv/sample-7k.jsonl.gz"))
    texts = [f"{r['title']}\n\n{r['abstract']}" for _, r in zip(range(TEXTS), records, strict=False)]
    ours, theirs = PackagedMiniLM(), SentenceTransformerEmbedder(str(model_folder()))
    ours.embed(texts[:2])
    theirs.embed(texts[:2])
    seconds, vectors = [], []
    for model in (ours, theirs):
        started = time.perf_counter()
        vectors.append(model.embed(texts))
        seconds.append(time.perf_counter() - started)
    cosines = (vectors[0] * vectors[1]).sum(axis=1)
    return {
        "texts": len(texts), "least cosine": round(float(cosines.min()), 6),
        "largest difference": float(np.abs(vectors[0] - vectors[1]).max()),
        "seconds, onnxruntime": round(seconds[0], 2), "seconds, sentence-transformers": round(seconds[1], 2),
        "ratio": round(seconds[0] / seconds[1], 3),
        "first question, onnxruntime": fresh("onnxruntime"),
        "first question, sentence-transformers": fresh("sentence-transformers"),
    }  # fmt: skip


def fresh(way: str) -> float:
    """Seconds from the start of a process to its first vector, imports included."""
    done = subprocess.run(
        [sys.executable, "-c", IN_A_NEW_PROCESS, way], capture_output=True, text=True, check=True
    )
    return round(float(done.stdout.split()[-1]), 2)


if __name__ == "__main__":
    main()
