"""Write trained weights as the shipped files: int8 ONNX, its settings, and its tokenizer where needed.

python -m bench.stance.export --work work/stance --out agent/adapters/stance
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from agent.adapters.stance_model import LABELS
from bench.stance.model import StanceNet, encode, load_tokenizer
from bench.stance.pairs import Pair


def main() -> None:
    """Parse the arguments, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder of the trained weights")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    network: dict[str, Any] = json.loads((args.work / "network.json").read_text())
    net = StanceNet(Path(network["base"]), network["layers"])
    net.load_state_dict(torch.load(args.work / "weights.pt", weights_only=True))
    write(net, Path(network["base"]), args.out)
    card = {"temperature": network["temperature"], "labels": list(LABELS)}
    settings = args.out / "stance.json"
    kept = json.loads(settings.read_text()) if settings.exists() else {}
    settings.write_text(json.dumps(kept | card, indent=1) + "\n")


def write(net: StanceNet, base: Path, out: Path) -> None:
    """Write model.onnx (int8 weights, per channel) and tokenizer.json, which cuts and pads."""
    out.mkdir(parents=True, exist_ok=True)
    net.eval()
    tokenizer = load_tokenizer(base)
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    inputs = encode(tokenizer, [Pair("one claim", "one sentence", 0)] * 2)
    full = out / "model.fp32.onnx"
    torch.onnx.export(
        net, tuple(inputs.values()), str(full), input_names=list(inputs), output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in inputs}, opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(full, out / "model.onnx", weight_type=QuantType.QInt8, per_channel=True)
    full.unlink()


if __name__ == "__main__":
    main()
