"""Phases, lifelong learning and online EWC by numpy and transformers: e2e/parity/fixtures/lifelong.json."""

import json
from pathlib import Path

import numpy as np
import torch
from transformers import get_scheduler

HERE = Path(__file__).parent


def rates(name, peak, steps, warmup, **options):
    """Learning rate before each of `steps` updates, as transformers has it."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    schedule = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=steps, scheduler_specific_kwargs=options)
    out = []
    for _ in range(steps):
        out.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return out


def main():
    # A plateau of 6 steps with a warmup of 2, then a linear decay over 4 steps, each with a count of its own.
    phases = rates("constant_with_warmup", 1e-3, 6, 2) + rates("linear", 1e-3, 4, 0)

    # Scores are −loss. Three stages, three domains and one general channel.
    base = np.array([3.5, 4.0, 3.2, 2.9])
    loss = np.array([[3.6, 2.9, 3.1, 2.95], [3.7, 3.1, 2.2, 2.7], [3.65, 3.3, 2.4, 2.1]])
    score, start = -loss[:, 1:], -base[1:]
    backward = np.mean([score[2, j] - score[j, j] for j in range(2)])
    forward = np.mean([score[j - 1, j] - start[j] for j in range(1, 3)])

    # Online EWC on losses ½ h (θ − a)² of two parameters: each stage is held to the weights of the one before by F ← γF + h.
    gamma, strength = 0.9, 2.0
    theta = np.array([0.5, -1.0])
    fisher = np.array([1.0, 0.25])
    stages = []
    for target, curvature in [([2.0, 1.0], [1.0, 4.0]), ([-1.0, 0.5], [0.5, 1.0]), ([0.0, 3.0], [2.0, 0.1])]:
        a, h = np.array(target), np.array(curvature)
        # d/dθ ½h(θ − a)² + λ/2 · F (θ − θ₀)² = 0
        optimum = np.linalg.solve(np.diag(h + strength * fisher), h * a + strength * fisher * theta)
        stages.append({"target": target, "curvature": curvature, "fisher": fisher.tolist(), "anchor": theta.tolist(), "optimum": optimum.tolist()})
        theta, fisher = optimum, gamma * fisher + h
    fixture = {
        "phases": phases,
        "matrix": {"base": base.tolist(), "loss": loss.tolist(), "backward": backward, "forward": forward},
        "ewc": {"gamma": gamma, "lambda": strength, "stages": stages},
    }
    (HERE / "fixtures" / "lifelong.json").write_text(json.dumps(fixture, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
