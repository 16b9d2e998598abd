"""Makes fixtures/optimizers.json: what torch.optim does with given gradients, for the engine's chains of transforms.

    pip install torch==2.13.0 numpy
    python e2e/parity/make_optimizer_fixtures.py

Each case has its options in the studio's words and, after every step, the gradients' norm before clipping; at the end the parameters
and both moments. Float32 on the CPU, seeded.
"""
import json
from pathlib import Path

import torch

FIXTURE = Path(__file__).parent / "fixtures" / "optimizers.json"
SHAPES = {"first.weight": (3, 5), "first.bias": (3,), "second.weight": (4, 3), "second.bias": (4,), "frozen.weight": (2, 3)}
STEPS = 12
BETAS, EPSILON = (0.9, 0.95), 1e-8


def floats(tensor) -> list[float]:
    """Nine significant digits carry a float32 exactly."""
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]


def train(name: str, initial, gradients, *, optimizer, groups, max_norm, anchor=0.0, pulled=False, joins=None, masks=None) -> dict:
    """`groups`: by prefix of the parameters' names, learning-rate scale and weight decay; `anchor`: λ of the term λ/2 · ‖θ − θ₀‖²;
    `pulled`: decay goes towards θ₀ instead of 0, θ ← θ − lr·wd·(θ − θ₀) before Adam's part, as torch decays; `joins`: by prefix, the first
    step (from 0) in which the parameters have a gradient; `masks`: by parameter, 1 for elements that are trained, which alone decay."""
    parameters = {key: torch.nn.Parameter(value.clone()) for key, value in initial.items()}
    trained = {key: p for key, p in parameters.items() if not key.startswith("frozen")}
    made = optimizer(
        [{"params": [p for key, p in trained.items() if key.startswith(prefix)], "weight_decay": decay} for prefix, (_, decay) in groups.items()],
        lr=0.0, betas=BETAS, eps=EPSILON,
    )
    start = {p: initial[key].clone() for key, p in trained.items()}
    norms = []
    for step in range(STEPS):
        lr = 3e-3 * (1 - step / 20)
        for group, (scale, _) in zip(made.param_groups, groups.values()):
            group["lr"] = lr * scale
        for key, p in trained.items():
            p.grad = gradients[step][key] + anchor * (p.detach() - initial[key])
            if masks and key in masks:
                p.grad *= masks[key]
            if joins and any(key.startswith(prefix) and step < first for prefix, first in joins.items()):
                p.grad = None
        norms.append(torch.nn.utils.clip_grad_norm_(trained.values(), max_norm if max_norm else float("inf")).item())
        if pulled or masks:
            names = {p: key for key, p in trained.items()}
            with torch.no_grad():
                for group, (_, decay) in zip(made.param_groups, groups.values()):
                    group["weight_decay"] = 0.0
                    for p in group["params"]:
                        if p.grad is not None:
                            way = p - start[p] if pulled else p
                            p -= group["lr"] * decay * way * (masks.get(names[p], 1) if masks else 1)
        made.step()
    return {
        "name": name,
        "groups": {prefix: {"lrScale": scale, "weightDecay": decay} for prefix, (scale, decay) in groups.items()},
        "maxNorm": max_norm, "anchor": anchor, **({"pulled": True} if pulled else {}), **({"joins": joins} if joins else {}),
        **({"masks": {key: floats(mask) for key, mask in masks.items()}} if masks else {}), "norms": norms,
        "parameters": {key: floats(p) for key, p in parameters.items()},
        "exp_avg": {key: floats(made.state[p]["exp_avg"]) for key, p in trained.items()},
        "exp_avg_sq": {key: floats(made.state[p]["exp_avg_sq"]) for key, p in trained.items()},
    }


def main() -> None:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(11)
    initial = {key: torch.randn(shape, generator=generator) for key, shape in SHAPES.items()}
    # Now and then large, so that some steps are clipped and others are not.
    gradients = [
        {key: torch.randn(shape, generator=generator) * (1.0 if step % 3 == 0 else 0.05) for key, shape in SHAPES.items()}
        for step in range(STEPS)
    ]
    two = {"first": (1.0, 0.1), "second": (0.25, 0.01)}
    one = {"": (1.0, 0.1)}
    data = (initial, gradients)
    masks = {key: (torch.arange(value.numel()).reshape(value.shape) % 3 == 0).float() for key, value in initial.items() if key.startswith("second")}
    cases = [
        train("AdamW, two groups and a frozen parameter", *data, optimizer=torch.optim.AdamW, groups=two, max_norm=0.5),
        train("AdamW, two groups, not clipped", *data, optimizer=torch.optim.AdamW, groups=two, max_norm=0),
        train("Adam with L2", *data, optimizer=torch.optim.Adam, groups=one, max_norm=0.5),
        train("AdamW with a pull to the start", *data, optimizer=torch.optim.AdamW, groups=two, max_norm=0.5, anchor=0.8),
        train("AdamW that decays towards the start", *data, optimizer=torch.optim.AdamW, groups=two, max_norm=0.5, pulled=True),
        train("AdamW, a layer that joins late", *data, optimizer=torch.optim.AdamW, groups=two, max_norm=0.5, joins={"first": 5}),
        train("AdamW, a part of the elements", *data, optimizer=torch.optim.AdamW, groups=two, max_norm=0.5, masks=masks),
    ]
    FIXTURE.write_text(json.dumps({
        "torch": torch.__version__.split("+")[0],
        "settings": {"beta1": BETAS[0], "beta2": BETAS[1], "epsilon": EPSILON},
        "shapes": SHAPES, "lr": [3e-3 * (1 - step / 20) for step in range(STEPS)],
        "initial": {key: floats(value) for key, value in initial.items()},
        "gradients": [{key: floats(value) for key, value in step.items()} for step in gradients],
        "cases": cases,
    }, separators=(",", ":")) + "\n", encoding="utf-8")
    print(FIXTURE.name, FIXTURE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
