"""Weight files as the Python safetensors library writes them, for workers/engine/checkpoint/safetensors.test.ts: every type that
the studio reads, types that it leaves alone, odd shapes and names; whole, and in shards with an index.

    python e2e/parity/make_safetensors_fixtures.py

Needs torch and safetensors. Every value is fixed.
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).parent / "fixtures" / "safetensors"
VALUES = [0.0, -0.0, 1.0, -1.5, 0.1, 3.1415927, 65504.0, -65519.0, 1e-8, 6e-8, 2.9802326e-8, 6.1005354e-5, 1.00146484375, -3.3e38, 1e-40]


def tensors() -> dict[str, torch.Tensor]:
    values = torch.tensor(VALUES, dtype=torch.float32)
    # What is infinite as a half is no weight.
    halves = values.where(values.abs() < 65520, torch.tensor(0.25))
    return {
        "f32": values.reshape(3, 5),
        "f16": halves.to(torch.float16).reshape(5, 3),
        "bf16": values.to(torch.bfloat16).reshape(1, 15, 1),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
        "层.权重 \"quoted\" \\ / \u0001": torch.arange(6, dtype=torch.float32).reshape(2, 3),
        "ids": torch.tensor([1, -2, 2**40]),
        "mask": torch.tensor([True, False, True]),
        "bytes": torch.arange(5, dtype=torch.uint8),
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    all_tensors = tensors()
    save_file(all_tensors, FOLDER / "whole.safetensors", metadata={"format": "pt", "键": "值"})
    names = list(all_tensors)
    shards = {"model-00001-of-00002.safetensors": names[:4], "model-00002-of-00002.safetensors": names[4:]}
    for file, own in shards.items():
        save_file({name: all_tensors[name] for name in own}, FOLDER / file)
    index = {"metadata": {}, "weight_map": {name: file for file, own in shards.items() for name in own}}
    (FOLDER / "model.safetensors.index.json").write_text(json.dumps(index))
    floats = {
        name: {"shape": list(tensor.shape), "bits": tensor.float().flatten().view(torch.int32).tolist()}
        for name, tensor in all_tensors.items()
        if tensor.is_floating_point()
    }
    # What torch makes of the same float32 when it rounds: bits of the halves.
    f32 = all_tensors["f32"].flatten()
    rounded = {
        "F16": f32.to(torch.float16).view(torch.int16).tolist(),
        "BF16": f32.to(torch.bfloat16).view(torch.int16).tolist(),
    }
    (FOLDER / "expected.json").write_text(json.dumps({"floats": floats, "rounded": rounded}))


if __name__ == "__main__":
    main()
