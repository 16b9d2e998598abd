"""Federated rounds computed with PyTorch, and what privacy they cost by Opacus' RDP accountant.

    pip install torch==2.13.0 opacus==1.6.0
    python e2e/parity/make_federated_fixtures.py > e2e/parity/fixtures/federated.json

Each client has a quadratic loss, sum_p curvature_p / 2 * ||p - target_p||^2, and makes `updates` of AdamW from the server's weights. The
server takes the weighted mean of the differences, cuts each to a norm where `clip` is given, and moves along it with momentum.
"""

import json
import sys

import torch
from opacus.accountants.analysis import rdp

torch.manual_seed(7)
torch.set_default_dtype(torch.float32)

SHAPES = {"matrix": (3, 2), "vector": (4,)}
START = {name: torch.randn(shape) for name, shape in SHAPES.items()}
CLIENTS = [
    {
        "weight": weight,
        "updates": updates,
        "curvature": {name: float(torch.rand(()) + 0.5) for name in SHAPES},
        "target": {name: torch.randn(shape) for name, shape in SHAPES.items()},
    }
    for weight, updates in [(0.5, 3), (0.3, 2), (0.2, 1)]
]
LR = 0.05
ROUNDS = 4
CASES = [
    {"name": "FedAvg", "rate": 1.0, "momentum": 0.0},
    {"name": "FedProx", "rate": 1.0, "momentum": 0.0, "proximal": 2.0},
    {"name": "FedAvgM", "rate": 0.7, "momentum": 0.9},
    {"name": "clipped", "rate": 1.0, "momentum": 0.0, "clip": 0.1},
]


def plain(tensors):
    return {name: value.flatten().tolist() for name, value in tensors.items()}


def rounds(case):
    server = {name: value.clone() for name, value in START.items()}
    velocity = {name: torch.zeros_like(value) for name, value in START.items()}
    ends, norms = [], []
    for _ in range(ROUNDS):
        mean = {name: torch.zeros_like(value) for name, value in server.items()}
        for client in CLIENTS:
            own = {name: value.clone().requires_grad_() for name, value in server.items()}
            optimizer = torch.optim.AdamW(own.values(), lr=LR, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0)
            for _ in range(client["updates"]):
                optimizer.zero_grad()
                loss = sum(client["curvature"][n] / 2 * ((own[n] - client["target"][n]) ** 2).sum() for n in own)
                loss = loss + sum(case.get("proximal", 0.0) / 2 * ((own[n] - server[n]) ** 2).sum() for n in own)
                loss.backward()
                optimizer.step()
            moved = {name: (own[name] - server[name]).detach() for name in own}
            weight = client["weight"]
            if "clip" in case:
                norm = torch.sqrt(sum((value**2).sum() for value in moved.values()))
                weight = float(torch.clamp(case["clip"] / norm, max=1.0)) / len(CLIENTS)
            for name in mean:
                mean[name] += weight * moved[name]
        step = {}
        for name in server:
            velocity[name] = case["momentum"] * velocity[name] + mean[name]
            step[name] = case["rate"] * velocity[name]
            server[name] = server[name] + step[name]
        ends.append(plain(server))
        norms.append(float(torch.sqrt(sum((value**2).sum() for value in step.values()))))
    return {**case, "ends": ends, "norms": norms}


ORDERS = [1 + x / 10.0 for x in range(1, 100)] + list(range(12, 64))


def privacy(q, noise, steps, delta):
    spent = rdp.compute_rdp(q=q, noise_multiplier=noise, steps=steps, orders=ORDERS)
    epsilon, _ = rdp.get_privacy_spent(orders=ORDERS, rdp=spent, delta=delta)
    return {"q": q, "noise": noise, "rounds": steps, "delta": delta, "epsilon": float(epsilon)}


json.dump(
    {
        "lr": LR,
        "shapes": SHAPES,
        "start": plain(START),
        "clients": [{**c, "target": plain(c["target"])} for c in CLIENTS],
        "cases": [rounds(case) for case in CASES],
        "privacy": [
            privacy(*row)
            for row in [
                (1, 1.0, 60, 1e-5),
                (0.5, 1.0, 60, 1e-5),
                (0.25, 0.7, 200, 1e-5),
                (0.2, 4.0, 30, 1e-6),
                (0.1, 1.0, 1000, 1e-5),
                (0.01, 1.1, 10000, 1e-5),
            ]
        ],
    },
    sys.stdout,
    indent=1,
)
