"""Writes fixtures/torch-file: state dictionaries as torch.save writes them, and their values, by torch itself.

    python e2e/parity/make_torch_file_fixture.py
"""

import json
import os
from collections import OrderedDict
from pathlib import Path

import torch

FOLDER = Path(__file__).parent / "fixtures" / "torch-file"
FOLDER.mkdir(exist_ok=True)
torch.manual_seed(7)

table = torch.randn(5, 3)
state = OrderedDict(
    {
        "model.embed_tokens.weight": torch.nn.Parameter(table),
        "lm_head.weight": table,
        # A part of a storage that holds more.
        "model.layers.0.q": torch.randn(6, 4, dtype=torch.bfloat16)[2:4],
        "model.layers.0.k": torch.randn(4).to(torch.float16),
        "model.norm.weight": torch.tensor(2.5),
        "model.mask": torch.ones(3, dtype=torch.bool),
    }
)
state._metadata = OrderedDict({"": {"version": 1}})
torch.save(state, FOLDER / "state.bin")
# As DeepSpeed's zero_to_fp32.py and checkpoints of trainers wrap it, in a later protocol.
torch.save({"module": dict(state), "step": 12, "lr": 1e-4, "name": "wrapped"}, FOLDER / "wrapped.bin", pickle_protocol=4)
torch.save({"turned": torch.randn(3, 2).t()}, FOLDER / "turned.bin")


class Calls:
    def __reduce__(self):
        return os.system, ("echo called",)


torch.save({"weight": torch.ones(1), "run": Calls()}, FOLDER / "calls.bin")
floats = {name: value.detach().float().flatten().tolist() for name, value in state.items() if value.is_floating_point()}
(FOLDER / "values.json").write_text(json.dumps(floats) + "\n")
