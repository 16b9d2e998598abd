"""Makes fixtures/loss-scale.json: what PyTorch's GradScaler does over a sequence of good and overflowing steps.

    pip install torch
    python e2e/parity/make_loss_scale_fixture.py
"""
import json
from pathlib import Path

import torch

FIXTURE = Path(__file__).parent / "fixtures" / "loss-scale.json"


def sequence(interval: int, finite: list[bool], initial: float = 2.0**16) -> dict:
    scaler = torch.amp.GradScaler("cpu", init_scale=initial, growth_factor=2.0, backoff_factor=0.5, growth_interval=interval)
    parameter = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], lr=0.0)
    scales = []
    for good in finite:
        parameter.grad = None
        scaler.scale((parameter * (1.0 if good else float("inf"))).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    return {"interval": interval, "initial": initial, "finite": [int(good) for good in finite], "scales": scales}


generator = torch.Generator().manual_seed(16)
mixed = (torch.rand(120, generator=generator) > 0.15).tolist()
high = sequence(2, [True] * 12, 2.0**123)
long = sequence(2000, [True] * 1999 + [False] + [True] * 4001)
# Of the long one only the steps at which the scale changed.
changes = [[step, scale] for step, scale in enumerate(long["scales"]) if step == 0 or scale != long["scales"][step - 1]]
FIXTURE.write_text(
    json.dumps({"short": [sequence(3, mixed), high], "long": {"overflows": [1999], "steps": 6001, "changes": changes}}) + "\n"
)
