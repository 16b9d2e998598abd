"""Makes the parity fixtures: what PyTorch and transformers compute, for the engine's tests to be held against.

    pip install torch transformers safetensors
    python e2e/parity/make_fixtures.py                        # tiny models, optimizer, schedules
    python e2e/parity/make_fixtures.py --model public/models/nano

Everything is float32 on the CPU and seeded. The tiny models are random Llamas with bfloat16-representable weights, kept for
good; of the base model only figures are stored, so that its fixture stays small.
"""
import argparse
import hashlib
import inspect
import json
import shutil
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM
from transformers import optimization

FIXTURES = Path(__file__).parent / "fixtures"
TINY = {
    "tiny-tied": dict(heads=3, kv=1, tied=True, seed=1),
    "tiny-untied": dict(heads=4, kv=2, tied=False, seed=2),
}
ROWS, CONTEXT = 2, 7
PARAGRAPHS = [
    "The committee met on Tuesday to consider the report, and adjourned without a decision.",
    "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？",
    "def mean(values):\n    total = 0\n    for value in values:\n        total += value\n    return total / len(values)\n",
]


def write(path: Path, value) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(path.relative_to(FIXTURES), path.stat().st_size, "bytes")


def floats(tensor) -> list[float]:
    """Nine significant digits carry a float32 exactly."""
    return [float(f"{x:.9g}") for x in torch.as_tensor(tensor).detach().float().flatten().tolist()]


def batch_of(generator: torch.Generator, vocabulary: int):
    """ids and next-token targets [rows, context], as training rows have them: the last token is predicted too."""
    text = torch.randint(vocabulary, (ROWS, CONTEXT + 1), generator=generator)
    return text[:, :-1].contiguous(), text[:, 1:].clone()


def losses(model, ids, targets):
    """(logits [N,V], nll per token [N] with 0 where the target is −1, mean over the others)"""
    logits = model(input_ids=ids).logits.float().flatten(0, 1)
    nll = torch.nn.functional.cross_entropy(logits, targets.flatten(), ignore_index=-1, reduction="none")
    return logits, nll, nll.sum() / (targets >= 0).sum()


def make_tiny(name: str, heads: int, kv: int, tied: bool, seed: int) -> None:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=160, hidden_size=48, intermediate_size=80, num_hidden_layers=2, num_attention_heads=heads,
        num_key_value_heads=kv, max_position_embeddings=32, tie_word_embeddings=tied, initializer_range=0.2,
        rms_norm_eps=1e-5, bos_token_id=0, eos_token_id=0, pad_token_id=None,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.uniform_(0.5, 1.5)
    model = model.to(torch.bfloat16)
    folder = FIXTURES / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").train()

    generator = torch.Generator().manual_seed(seed)
    ids, targets = batch_of(generator, config.vocab_size)
    targets[0, 2] = targets[1, 5] = targets[1, 6] = -1
    logits, nll, loss = losses(model, ids, targets)
    loss.backward()
    save_file({key: p.grad for key, p in model.named_parameters()}, folder / "gradients.safetensors")
    write(folder / "expected.json", {
        "rows": ROWS, "context": CONTEXT, "ids": ids.flatten().tolist(), "targets": targets.flatten().tolist(),
        "logits": floats(logits), "nll": floats(nll), "loss": loss.item(), "greedy": greedy(model, ids[0]),
    })


def greedy(model, prompt) -> list[int]:
    """The twelve likeliest next tokens in turn."""
    text = prompt.tolist()
    with torch.no_grad():
        for _ in range(12):
            text.append(int(model(input_ids=torch.tensor([text])).logits[0, -1].argmax()))
    return text[len(prompt):]


def make_adamw(name: str) -> None:
    """Twenty steps of torch.optim.AdamW from a tiny model, clipped, with a falling rate."""
    settings = dict(beta1=0.9, beta2=0.95, epsilon=1e-8, weightDecay=0.1, maxGradNorm=0.5)
    model = LlamaForCausalLM.from_pretrained(FIXTURES / name, dtype=torch.float32, attn_implementation="eager").train()
    parameters = dict(model.named_parameters())
    decayed = [p for key, p in parameters.items() if p.ndim == 2 and "embed_tokens" not in key]
    spared = [p for key, p in parameters.items() if p.ndim == 1 or "embed_tokens" in key]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": settings["weightDecay"]}, {"params": spared, "weight_decay": 0.0}],
        lr=0.0, betas=(settings["beta1"], settings["beta2"]), eps=settings["epsilon"],
    )
    generator = torch.Generator().manual_seed(3)
    steps = []
    for step in range(20):
        lr = 3e-3 * (1 - step / 40)
        for group in optimizer.param_groups:
            group["lr"] = lr
        ids, targets = batch_of(generator, model.config.vocab_size)
        _, _, loss = losses(model, ids, targets)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["maxGradNorm"])
        optimizer.step()
        steps.append({"lr": lr, "ids": ids.flatten().tolist(), "targets": targets.flatten().tolist(), "loss": loss.item(), "norm": norm.item()})
    write(FIXTURES / "adamw.json", {"model": name, "rows": ROWS, "context": CONTEXT, "settings": settings, "steps": steps})
    save_file({key: p.detach() for key, p in parameters.items()}, FIXTURES / "adamw.safetensors")


def make_accumulation(name: str, weights: tuple[float, ...] | None = None, out: str = "accumulation.json") -> None:
    """Twenty steps over 8 rows of two channels, some of whose tokens predict nothing: what they are whatever micro-batches they are cut into.
    With `weights` the loss is the weighted mean of the channels' mean nll, over the channels that are there: two."""
    settings = dict(beta1=0.9, beta2=0.95, epsilon=1e-8, weightDecay=0.0, maxGradNorm=1.0)
    model = LlamaForCausalLM.from_pretrained(FIXTURES / name, dtype=torch.float32, attn_implementation="eager").train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0)
    generator = torch.Generator().manual_seed(5)
    rows, context = 8, 6
    # One text for all steps: a run that learns, so that an error would grow.
    text = torch.randint(model.config.vocab_size, (rows, context + 1), generator=generator)
    ids, targets = text[:, :-1].contiguous(), text[:, 1:].clone()
    targets[3, 2:] = targets[5, :] = targets[6, 0] = -1
    channels = torch.tensor([0, 1, 0, 0, 1, 0, 0, 1])
    of_token = channels.repeat_interleave(context)
    steps = []
    for _ in range(20):
        _, nll, loss = losses(model, ids, targets)
        predicted = targets.flatten() >= 0
        objective = loss if weights is None else sum(w / sum(weights[:2]) * nll[(of_token == c) & predicted].mean() for c, w in enumerate(weights[:2]))
        optimizer.zero_grad()
        objective.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["maxGradNorm"])
        optimizer.step()
        steps.append({
            "loss": loss.item(), "norm": norm.item(),
            "channels": [(nll[(of_token == c) & predicted].sum() / ((of_token == c) & predicted).sum()).item() for c in (0, 1)],
        })
    write(FIXTURES / out, {
        **({} if weights is None else {"objective": weights}),
        "model": name, "rows": rows, "context": context, "settings": settings, "lr": 1e-3, "channels": channels.tolist(),
        "ids": ids.flatten().tolist(), "targets": targets.flatten().tolist(), "steps": steps,
        "weights": {key: floats(p.flatten()[:6]) for key, p in model.named_parameters()},
    })


class Sfc32:
    """The studio's generator (src/core/rng/rng.ts): Chris Doty-Humphrey's sfc32, as he publishes it in PractRand."""

    def __init__(self, seed: int) -> None:
        self.a, self.b, self.c, self.counter = 0, seed, seed, 1
        for _ in range(12):
            self.next()

    def next(self) -> int:
        mask = 0xFFFFFFFF
        out = (self.a + self.b + self.counter) & mask
        self.counter = (self.counter + 1) & mask
        self.a = self.b ^ (self.b >> 9)
        self.b = (self.c + (self.c << 3)) & mask
        self.c = ((((self.c << 21) | (self.c >> 11)) & mask) + out) & mask
        return out


def make_fisher(name: str) -> None:
    """Diagonal Fisher information over three sequences: by labels drawn from the model, and by the text's own."""
    model = LlamaForCausalLM.from_pretrained(FIXTURES / name, dtype=torch.float32, attn_implementation="eager").eval()
    generator = torch.Generator().manual_seed(9)
    rows, context, seed = 3, 6, 77
    text = torch.randint(model.config.vocab_size, (rows, context + 1), generator=generator)
    ids, targets = text[:, :-1].contiguous(), text[:, 1:].clone()
    targets[1, 2] = -1
    random = Sfc32(seed)
    cases = {}
    for labels in ("model", "text"):
        drawn = targets.clone()
        sums = {key: torch.zeros_like(p) for key, p in model.named_parameters()}
        for row in range(rows):
            if labels == "model":
                with torch.no_grad():
                    chances = model(input_ids=ids[row : row + 1]).logits[0].double().softmax(-1)
                for at in range(context):
                    if targets[row, at] >= 0:
                        drawn[row, at] = int((chances[at].cumsum(0) > random.next() / 2**32).nonzero()[0])
            model.zero_grad()
            _, nll, _ = losses(model, ids[row : row + 1], drawn[row : row + 1])
            nll.sum().backward()
            for key, p in model.named_parameters():
                sums[key] += p.grad**2
        cases[labels] = {
            "labels": drawn.flatten().tolist(),
            "fisher": {key: {"sum": (total / rows).sum().item(), "first": floats((total / rows).flatten()[:6])} for key, total in sums.items()},
        }
    write(FIXTURES / "fisher.json", {
        "model": name, "rows": rows, "context": context, "seed": seed,
        "ids": ids.flatten().tolist(), "targets": targets.flatten().tolist(), "cases": cases,
    })


def murmur_mix(x: np.ndarray) -> np.ndarray:
    x = x.astype(np.uint32)
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def make_base(folder: Path) -> None:
    """Figures of the base model on real text: sampled logits, losses; of each gradient its norm, 64 entries and a projection."""
    from tokenizers import Tokenizer

    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").train()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    context = 24
    texts = [(tokenizer.encode(text).ids * 4)[: context + 1] for text in PARAGRAPHS]
    text = torch.tensor(texts)
    ids, targets = text[:, :-1].contiguous(), text[:, 1:].clone()
    targets[1, -3:] = -1
    logits, nll, loss = losses(model, ids, targets)
    loss.backward()
    sampled = [0, 23, 40, 71]
    gradients = {}
    for key, parameter in model.named_parameters():
        gradient = parameter.grad.flatten().double().numpy()
        # The largest entries say most; a stride over all of them sees every region.
        places = np.unique(np.concatenate([np.argsort(-np.abs(gradient))[:32], np.linspace(0, gradient.size - 1, 32).astype(int)]))
        direction = murmur_mix(np.arange(gradient.size)).astype(np.float64) / 2**32 - 0.5
        gradients[key] = {
            "norm": float(np.linalg.norm(gradient)), "largest": float(np.abs(gradient).max()), "places": places.tolist(),
            "values": floats(torch.from_numpy(gradient[places])), "projection": float(gradient @ direction),
        }
    write(FIXTURES / "nano.json", {
        "sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
        "rows": len(texts), "context": context, "ids": ids.flatten().tolist(), "targets": targets.flatten().tolist(),
        "nll": floats(nll), "loss": loss.item(), "logitRows": sampled, "logits": [floats(logits[row]) for row in sampled],
        "gradients": gradients,
    })


def exponential_decay(steps: int, half_life: float) -> dict:
    """Rates of MiniCPM's decay (arXiv 2404.06395), 0.5^(s / half-life), by torch's ExponentialLR."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5 ** (1 / half_life))
    values = []
    for _ in range(steps + 1):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return {"decaySteps": steps, "halfLife": half_life, "values": values}


def make_schedules() -> None:
    """Rate / peak at each step, with the exact call that gave it. `function` and `arguments` are transformers' own."""
    total = 200
    calls = [
        ("get_constant_schedule", {}),
        ("get_constant_schedule_with_warmup", dict(num_warmup_steps=20)),
        ("get_linear_schedule_with_warmup", dict(num_warmup_steps=0, num_training_steps=total)),
        ("get_linear_schedule_with_warmup", dict(num_warmup_steps=20, num_training_steps=total)),
        ("get_cosine_schedule_with_warmup", dict(num_warmup_steps=0, num_training_steps=total)),
        ("get_cosine_schedule_with_warmup", dict(num_warmup_steps=6, num_training_steps=total)),
        ("get_cosine_with_min_lr_schedule_with_warmup", dict(num_warmup_steps=6, num_training_steps=total, min_lr_rate=0.1)),
        ("get_cosine_with_min_lr_schedule_with_warmup", dict(num_warmup_steps=20, num_training_steps=total, min_lr_rate=0.0)),
    ]
    for decay_type in ("linear", "cosine", "1-sqrt"):
        calls.append(("get_wsd_schedule", dict(
            num_warmup_steps=20, num_decay_steps=40, num_training_steps=total, min_lr_ratio=0.1, warmup_type="linear", decay_type=decay_type)))
    calls.append(("get_wsd_schedule", dict(num_warmup_steps=0, num_decay_steps=20, num_training_steps=total, min_lr_ratio=0.0, decay_type="linear")))
    # A warmup longer than the run, and a run of 100 steps that goes on to 200.
    for function in ("get_constant_schedule_with_warmup", "get_linear_schedule_with_warmup", "get_cosine_schedule_with_warmup"):
        calls.append((function, dict(num_warmup_steps=500, **({} if "constant" in function else dict(num_training_steps=10)))))
    calls.append(("get_cosine_with_min_lr_schedule_with_warmup", dict(num_warmup_steps=3, num_training_steps=100, min_lr_rate=0.1)))
    calls.append(("get_cosine_with_min_lr_schedule_with_warmup", dict(num_warmup_steps=3, num_training_steps=total, min_lr_rate=0.1)))
    steps = sorted({0, 1, 2, 5, 6, 7, 10, 19, 20, 21, 50, 90, 91, 99, 100, 101, 150, 159, 160, 161, 170, 179, 180, 181, 190, 198, 199, 200})
    tables = []
    for function, arguments in calls:
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([parameter], lr=1.0)
        scheduler = getattr(optimization, function)(optimizer, **arguments)
        rate = scheduler.lr_lambdas[0]
        defaults = {k: p.default for k, p in inspect.signature(getattr(optimization, function)).parameters.items() if p.default is not inspect.Parameter.empty}
        tables.append({
            "function": function, "arguments": {**{k: v for k, v in defaults.items() if k != "last_epoch"}, **arguments},
            "values": [float(rate(step)) for step in steps],
        })
    ratios = [(0.07, 100), (0.14, 50), (0.55, 100), (0.03, 100), (0.03, 60), (0.1, 200), (0.29, 100), (0.57, 100), (0.0, 10), (0.33, 7)]
    warmups = [{
        "ratio": ratio, "steps": count,
        "warmup": transformers.TrainingArguments(output_dir="out", warmup_steps=ratio, use_cpu=True).get_warmup_steps(count),
    } for ratio, count in ratios]
    write(FIXTURES / "schedules.json", {
        "transformers": transformers.__version__, "peak": 1, "steps": steps, "tables": tables, "warmups": warmups,
        "exponential": exponential_decay(50, 20),
    })


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="folder of the base model: makes its fixture only")
    options = parser.parse_args()
    torch.set_num_threads(1)
    FIXTURES.mkdir(exist_ok=True)
    if options.model:
        make_base(options.model)
        return
    for name, shape in TINY.items():
        make_tiny(name, **shape)
    make_adamw("tiny-tied")
    make_accumulation("tiny-tied")
    make_accumulation("tiny-tied", (0.1, 0.5, 0.4), "objective.json")
    make_fisher("tiny-tied")
    make_schedules()


if __name__ == "__main__":
    main()
