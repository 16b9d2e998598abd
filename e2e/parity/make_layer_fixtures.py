"""Makes fixtures/layers.json: steps of torch.optim.AdamW whose learning rate falls from layer to layer, on the tiny Llama of the families, and
how far its attention has moved by them.

    pip install torch==2.13.0 transformers==5.24.0 safetensors numpy
    python e2e/parity/make_layer_fixtures.py

Layer-wise decay d: head and final norm have the whole rate, layer i of L (from 0) d^(L − i), the embeddings d^(L + 1), as in the fine-tuning of
ELECTRA. The divergence of a layer is KL(tuned ‖ base) in nats, mean over heads and over the queries but the first. Float32 on the CPU.
"""
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

FIXTURES = Path(__file__).parent / "fixtures"
MODEL = "families/llama-llama3"
DECAY, LR, STEPS = 0.6, 5e-3, 4
SETTINGS = {"beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "weightDecay": 0.1, "maxGradNorm": 1.0}


def main() -> None:
    torch.set_num_threads(1)
    load = lambda: AutoModelForCausalLM.from_pretrained(FIXTURES / MODEL, dtype=torch.float32, attn_implementation="eager")
    model, base = load(), load()
    layers = model.config.num_hidden_layers

    def rate(name: str) -> float:
        if "embed_tokens" in name:
            return DECAY ** (layers + 1)
        return DECAY ** (layers - int(name.split(".")[2])) if ".layers." in name else 1.0

    # Decay spares norms and embeddings, as the studio's.
    groups = [
        {"params": [p], "lr": LR * rate(name), "weight_decay": SETTINGS["weightDecay"] if p.ndim > 1 and "embed" not in name else 0.0}
        for name, p in model.named_parameters()
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)
    generator = torch.Generator().manual_seed(4)
    rows, context = 2, 12
    ids = torch.randint(0, model.config.vocab_size, (rows, context + 1), generator=generator)
    losses = []
    for _ in range(STEPS):
        logits = model(ids[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), SETTINGS["maxGradNorm"])
        optimizer.step()
    start = dict(base.named_parameters())
    moved = {name: (p - start[name]).norm().item() for name, p in model.named_parameters()}
    text = ids[:1, :-1]
    with torch.no_grad():
        maps = [one(text, output_attentions=True).attentions for one in (base, model)]
    divergence = []
    for before, after in zip(*maps):
        seen = after[0, :, 1:]
        terms = torch.where(seen > 0, seen * (seen / before[0, :, 1:].clamp_min(1e-12)).log(), torch.zeros(()))
        divergence.append(terms.sum(-1).mean().item())
    (FIXTURES / "layers.json").write_text(json.dumps({
        "torch": torch.__version__.split("+")[0], "model": MODEL, "layerDecay": DECAY, "lr": LR, "settings": SETTINGS,
        "rows": rows, "context": context, "ids": ids[:, :-1].flatten().tolist(), "targets": ids[:, 1:].flatten().tolist(),
        "losses": losses, "moved": moved, "divergence": divergence,
    }, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
