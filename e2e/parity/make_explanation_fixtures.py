"""Writes fixtures/explanation.json: attributions and the logit lens of the bundled base by PyTorch.

    python e2e/parity/make_explanation_fixtures.py

Attributions are of ln p of one token behind a text, against a text of the same length that repeats the token a text starts after. Integrated
gradients by NumPy's Gauss-Legendre nodes; Shapley values by their definition over all subsets of tokens. Everything in float64.
"""

import hashlib
import itertools
import json
import math
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent
MODEL = HERE.parents[1] / "public" / "models" / "nano"
TEXT = "blood from the heart to the"
NODES = 64


def main():
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float64, attn_implementation="eager").eval()
    start = tokenizer.token_to_id("<|endoftext|>")
    ids = [start, *tokenizer.encode(TEXT).ids]
    prefix, target = ids[:-1], ids[-1]
    table = model.get_input_embeddings()
    embedded = table(torch.tensor(prefix)).detach()
    nothing = table(torch.tensor([start] * len(prefix))).detach()

    def log_p(rows):
        return model(inputs_embeds=rows).logits[:, -1].log_softmax(-1)[:, target]

    def gradient(rows):
        rows = rows.clone().requires_grad_(True)
        log_p(rows).sum().backward()
        return rows.grad

    def of(tokens):
        with torch.no_grad():
            return log_p(table(torch.tensor([tokens])))[0].item()

    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    path = torch.stack([nothing + (x + 1) / 2 * (embedded - nothing) for x in nodes])
    mean = (gradient(path) * torch.tensor(weights / 2)[:, None, None]).sum(0)
    value, baseline = of(prefix), of([start] * len(prefix))

    features = range(1, len(prefix))
    found = {}
    for size in range(len(features) + 1):
        for kept in itertools.combinations(features, size):
            found[kept] = of([own if at == 0 or at in kept else start for at, own in enumerate(prefix)])
    n = len(features)
    shapley = [0.0]
    for feature in features:
        sum_ = 0.0
        for kept, before in found.items():
            if feature not in kept:
                share = math.factorial(len(kept)) * math.factorial(n - len(kept) - 1) / math.factorial(n)
                sum_ += share * (found[tuple(sorted((*kept, feature)))] - before)
        shapley.append(sum_)

    with torch.no_grad():
        states = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
        layers = []
        # The last of transformers' states is behind the final norm already.
        for at, state in enumerate(states):
            read = state if at == len(states) - 1 else model.model.norm(state)
            logs = model.lm_head(read)[0].log_softmax(-1)
            best = logs.max(-1)
            layers.append(
                {
                    "ids": best.indices.tolist(),
                    "probabilities": best.values.exp().tolist(),
                    "losses": [-logs[place, token].item() for place, token in enumerate(ids[1:])],
                }
            )

    fixtures = {
        "sha256": hashlib.sha256((MODEL / "model.safetensors").read_bytes()).hexdigest(),
        "text": TEXT,
        "ids": ids,
        "nodes": NODES,
        "value": value,
        "baseline": baseline,
        "gradient": (gradient(embedded[None])[0] * embedded).sum(-1).tolist(),
        "integrated": (mean * (embedded - nothing)).sum(-1).tolist(),
        "occlusion": [value - of([start if place == at else own for place, own in enumerate(prefix)]) for at in range(len(prefix))],
        "shapley": shapley,
        "layers": layers,
    }
    (HERE / "fixtures" / "explanation.json").write_text(json.dumps(fixtures, ensure_ascii=False) + "\n", encoding="utf-8")
    print(len(ids), value, baseline, sum(fixtures["integrated"]), sum(shapley), value - baseline)


main()
