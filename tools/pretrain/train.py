"""Pretrains the bundled base: python tools/pretrain/train.py --corpus DIR --out DIR  (DIR of out holds tokenizer.json)

Matrices inside the layers are trained with Muon (momentum, orthogonalised by a Newton-Schulz iteration, Jordan 2024), the
embedding and the norms with AdamW. The published weights are an exponential average of the last ones. Saves every 500
steps and goes on from there when started again.
"""
import argparse
import json
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from data import Sampler, encode_documents, read_pool, shuffled
from model import Nano


def orthogonalise(g: torch.Tensor) -> torch.Tensor:
    """Nearest orthogonal matrix to g [..., m, n], roughly, by five quintic Newton-Schulz steps."""
    x = g.bfloat16()
    turned = x.shape[-2] > x.shape[-1]
    if turned:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.mT if turned else x).float()


class Muon:
    def __init__(self, parameters, weight_decay: float, momentum: float = 0.95):
        self.groups: dict[tuple, list] = {}
        for p in parameters:
            self.groups.setdefault(tuple(p.shape), []).append(p)
        self.moments = {shape: torch.zeros(len(ps), *shape) for shape, ps in self.groups.items()}
        self.weight_decay, self.momentum = weight_decay, momentum

    def step(self, lr: float) -> None:
        for shape, parameters in self.groups.items():
            g = torch.stack([p.grad for p in parameters])
            m = self.moments[shape]
            m.lerp_(g, 1 - self.momentum)
            update = orthogonalise(g.lerp(m, self.momentum)) * max(1, shape[0] / shape[1]) ** 0.5
            for p, u in zip(parameters, update):
                p.mul_(1 - lr * self.weight_decay).add_(u, alpha=-lr)


def learning_rate_scale(step: int, schedule: list[list[float]]) -> float:
    """Piecewise linear between the recipe's points (step, scale); the last point ends the training."""
    for (start, low), (end, high) in zip(schedule, schedule[1:]):
        if step < end:
            return low + (high - low) * (step - start) / (end - start)
    return schedule[-1][1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, help="stop early, to measure speed")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    recipe = json.loads((Path(__file__).parent / "recipe.json").read_text())
    train = recipe["train"]
    torch.manual_seed(recipe["seed"])
    torch.set_num_threads(arguments.threads)

    tokenizer = Tokenizer.from_file(str(arguments.out / "tokenizer.json"))
    pool = read_pool(arguments.corpus / "pool", recipe)
    streams = {name: encode_documents(tokenizer, shuffled(docs, recipe["seed"])) for name, docs in pool.items()}
    print({name: len(ids) for name, ids in streams.items()}, flush=True)
    sampler = Sampler(streams, recipe)
    held_out = {}
    for channel in recipe["separator"]:
        text = (arguments.corpus / "starter" / f"{channel}.eval.txt").read_text(encoding="utf-8")
        ids = torch.tensor(tokenizer.encode(text).ids)
        rows = (len(ids) - 1) // train["context"]
        held_out[channel] = (ids, min(rows, 160), len(text.encode()) / len(ids))

    model = Nano(recipe["model"], recipe["tokenizer"]["vocab_size"])
    total = train["schedule"][-1][0]
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    muon = Muon(matrices, train["weight_decay"])
    adam = torch.optim.AdamW(others, lr=1e-3, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    average = {n: p.detach().clone() for n, p in model.named_parameters()}
    start, saved = 0, arguments.out / "state.pt"
    if saved.exists():
        state = torch.load(saved)
        model.load_state_dict(state["model"])
        adam.load_state_dict(state["adam"])
        muon.moments, average, start = state["muon"], state["average"], state["step"]
    compiled = torch.compile(model)
    log, clock = 0.0, time.time()
    for step in range(start, min(total, arguments.steps or total)):
        scale = learning_rate_scale(step, train["schedule"])
        rows = torch.from_numpy(sampler.batch(step, train["rows"], train["context"]))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = compiled(rows[:, :-1], rows[:, 1:])
        loss.backward()
        with torch.no_grad():
            muon.step(train["muon_lr"] * scale)
            adam.param_groups[0]["lr"] = train["adam_lr"] * scale
            adam.step()
            for p in model.parameters():
                p.grad = None
            for n, p in model.named_parameters():
                average[n].lerp_(p, 1 - min(train["ema"], (step + 1) / (step + 10)))
        log += loss.item()
        if (step + 1) % 50 == 0:
            rate = 50 * train["rows"] * train["context"] / (time.time() - clock)
            print(f"step {step + 1}/{total} loss {log / 50:.4f} lr {scale:.3f} {rate:.0f} tok/s", flush=True)
            log, clock = 0.0, time.time()
        if (step + 1) % 500 == 0 or step + 1 == total:
            evaluated = evaluate(model, average, held_out, train["context"])
            print("held-out bits per byte", evaluated, flush=True)
            torch.save({"model": model.state_dict(), "adam": adam.state_dict(), "muon": muon.moments, "average": average, "step": step + 1}, saved.with_suffix(".new"))
            saved.with_suffix(".new").rename(saved)
            clock = time.time()
    model.load_state_dict(average, strict=False)
    save_file(model.hugging_face_state(torch.float16), str(arguments.out / "model.safetensors"), metadata={"format": "pt"})


@torch.no_grad()
def evaluate(model: Nano, average: dict, held_out: dict, context: int) -> dict[str, float]:
    kept = {n: p.detach().clone() for n, p in model.named_parameters()}
    model.load_state_dict(average, strict=False)
    result = {}
    for channel, (ids, rows, bytes_per_token) in held_out.items():
        x = ids[: rows * context].view(rows, context)
        y = ids[1 : rows * context + 1].view(rows, context)
        result[channel] = round(model(x, y).item() / bytes_per_token / 0.693147, 4)
    model.load_state_dict(kept, strict=False)
    return result


if __name__ == "__main__":
    main()
