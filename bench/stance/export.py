"""Write the network as the shipped files: a trunk and two branches, with block-wise four-bit weights.

    python -m bench.stance.export --weights work/stance/weights.pt --out agent/adapters/judges/stance

Training leaves the lower layers unchanged, so both branches share them: `given` is the shared checkpoint,
`found` the network trained further. Rounding only the weights keeps the verdicts; rounding activations too
destroys the network (outlier channels, as in Bondarenko et al. 2021, arXiv:2109.12948).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer
from torch import Tensor, nn

from agent.adapters.judges.stance_pairs import MPNET
from bench.stance.network import CHECKPOINT, Head, StanceNet, batch_of, load_checkpoint

FROZEN = 8


class Trunk(nn.Module):
    """The frozen lower layers: ids [pairs, tokens] in, tokens [pairs, tokens, width] out."""

    def __init__(self, net: StanceNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, ids: Tensor) -> Tensor:
        """Tokens after the lower layers."""
        return self.net.lower(ids, (ids != MPNET.padding).float(), FROZEN)


class Upper(nn.Module):
    """One branch: the trunk's tokens with ids and sides in, scores [pairs, 4] out."""

    def __init__(self, net: StanceNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, tokens: Tensor, ids: Tensor, sides: Tensor) -> Tensor:
        """Scores [pairs, 4]."""
        batch = batch_of(ids, sides, MPNET)
        return self.net.upper(tokens, batch.mask, batch.claim, batch.text, FROZEN)


class RoundedEmbedding(nn.Module):
    """Word vectors as four-bit numbers, two per byte, with one scale for every 32 values of a row."""

    BLOCK = 32
    packed: Tensor
    scale: Tensor

    def __init__(self, held: nn.Embedding) -> None:
        super().__init__()
        words, width = held.weight.shape
        blocks = held.weight.detach().view(words, width // self.BLOCK, self.BLOCK)
        scale = (blocks.abs().amax(dim=2, keepdim=True) / 7).clamp(min=1e-8)
        numbers = ((blocks / scale).round().clamp(-7, 7) + 8).to(torch.uint8).view(words, width)
        self.register_buffer("packed", numbers[:, ::2] * 16 + numbers[:, 1::2])
        self.register_buffer("scale", scale.squeeze(2).half())

    def forward(self, ids: Tensor) -> Tensor:
        """Vectors [pairs, tokens, width]."""
        both = self.packed[ids].float()
        high = torch.floor(both / 16)
        numbers = torch.stack([high, both - high * 16], dim=-1).flatten(-2) - 8
        scale = self.scale[ids].float().unsqueeze(-1).expand(-1, -1, -1, self.BLOCK).flatten(-2)
        return numbers * scale


class MatMulHead(nn.Module):
    """The head with transposed matrices, as products that the quantiser recognises."""

    def __init__(self, held: Head) -> None:
        super().__init__()
        self.held = held
        self.weights = nn.ParameterList(
            [held.d.weight.detach().T.contiguous(), held.o.weight.detach().T.contiguous()]
        )

    def forward(self, tokens: Tensor, claim: Tensor, text: Tensor) -> Tensor:
        """Scores [pairs, 4]."""
        joined = self.held.joined(tokens, claim, text)
        hidden = nn.functional.gelu(joined @ self.weights[0] + self.held.d.bias)
        scores: Tensor = hidden @ self.weights[1] + self.held.o.bias
        return scores


def main() -> None:
    """Parse the arguments; write the trunk, the branches and the tokenizer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--weights", type=Path, required=True, help="trained weights: the branch for papers found"
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    ids = torch.randint(5, 1000, (2, 12))
    sides = torch.tensor([[0, 1, 1, 1, 0, 0, 2, 2, 2, 2, 2, 0]] * 2)
    trained = judging(args.weights)
    check_trunk(judging(None), trained)
    net = prepared(judging(None))
    write(Trunk(net), {"ids": ids}, args.out / "trunk.onnx", 32)
    with torch.no_grad():
        tokens = net.lower(ids, torch.ones_like(ids).float(), FROZEN)
    inputs = {"tokens": tokens, "ids": ids, "sides": sides}
    write(Upper(net), inputs, args.out / "given.onnx", 64)
    write(Upper(prepared(trained)), inputs, args.out / "found.onnx", 32)
    shutil.copyfile(CHECKPOINT / "tokenizer.json", args.out / "tokenizer.json")


def check_trunk(one: StanceNet, other: StanceNet) -> None:
    """Exit if training has changed the lower layers, since the branches could not share them then."""
    shared = ("enc.embeddings.", *(f"enc.encoder.layer.{n}." for n in range(FROZEN)))
    other_weights = other.state_dict()
    for name, weight in one.state_dict().items():
        if name.startswith(shared) and not torch.equal(weight, other_weights[name]):
            sys.exit(f"bench: training changed {name}, which the branches share: use --frozen {FROZEN}")


def judging(weights: Path | None) -> StanceNet:
    """The trained network, or the shared checkpoint."""
    net = load_checkpoint()
    if weights:
        net.load_state_dict(torch.load(weights, weights_only=True))
    return net


def prepared(net: StanceNet) -> StanceNet:
    """The network with word vectors and head in the form in which they are exported."""
    net.eval()
    embeddings: Any = net.enc.embeddings
    embeddings.word_embeddings = RoundedEmbedding(embeddings.word_embeddings)
    net.head = MatMulHead(net.head)  # type: ignore[assignment]  # it replaces the trained head
    return net


def write(part: nn.Module, inputs: dict[str, Tensor], path: Path, block: int) -> None:
    """Write one part, with its matrices rounded block-wise to four bits."""
    whole = path.with_suffix(".whole.onnx")
    torch.onnx.export(
        part, tuple(inputs.values()), str(whole), input_names=list(inputs), output_names=["out"],
        dynamic_axes={name: {0: "pairs", 1: "tokens"} for name in inputs}, opset_version=17, dynamo=False,
    )  # fmt: skip
    how = DefaultWeightOnlyQuantConfig(block_size=block, is_symmetric=True, accuracy_level=4, bits=4)
    rounded = MatMulNBitsQuantizer(onnx.load(whole), algo_config=how)
    rounded.process()
    rounded.model.save_model_to_file(str(path), False)
    whole.unlink()
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
