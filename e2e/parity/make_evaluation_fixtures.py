"""Writes fixtures/evaluation.json: what transformers makes of the bundled base on the studio's own probes, texts and attention.

    python e2e/parity/make_evaluation_fixtures.py

One text at a time, so nothing depends on batching. Every text starts after an end-of-text token. Blanks that end a prompt move to its
choices, as in lm-evaluation-harness. A choice counts from the first token in which the encodings of the prompt alone and of prompt + choice
differ for any of its choices, and is divided by the characters of the choice without blanks around it (its acc_norm).
"""

import hashlib
import json
import math
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from make_tokenizer_fixtures import PUBLIC, split_documents

HERE = Path(__file__).parent
MODEL = PUBLIC / "models" / "nano"
ATTENTION_TEXT = "The patient was treated for a disease of the heart. 病人需要治疗。"
SHOWN = 4
DOCUMENTS = 12
MERGE_DOCUMENTS = 3
FACTORS = [-0.2, 0, 0.3, 0.7, 1]


def common_prefix(a, b):
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n


def merges(model, nll, documents):
    """Losses and weights of base + factor · (other − base) in float32; the other model is the base plus a small pattern."""
    base = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    pattern = lambda size: (torch.arange(size, dtype=torch.float64) % 17 - 8) * 0.0005
    other = {name: (w.double() + pattern(w.numel()).reshape(w.shape)).float() for name, w in base.items()}
    found = []
    for factor in FACTORS:
        merged = {name: w + factor * (other[name] - w) for name, w in base.items()}
        for name, parameter in model.named_parameters():
            parameter.data.copy_(merged[name])
        digest = hashlib.sha256()
        for name in sorted(merged):
            digest.update(merged[name].numpy().tobytes())
        found.append({"factor": factor, "nll": [sum(nll(ids)) for ids in documents], "sha256": digest.hexdigest()})
    for name, parameter in model.named_parameters():
        parameter.data.copy_(base[name])
    return found


def main():
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager").eval()
    eot = tokenizer.token_to_id("<|endoftext|>")

    def encode(text):
        return [eot, *tokenizer.encode(text).ids]

    @torch.no_grad()
    def nll(ids):
        """Loss of ids[1:], one value a token."""
        logits = model(torch.tensor([ids[:-1]])).logits[0].double()
        return torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="none").tolist()

    def likelihood(ids, start):
        return -sum(nll(ids)[start - 1 :])

    sets = []
    for entry in json.loads((PUBLIC / "probes" / "manifest.json").read_text())["sets"]:
        if entry["source"] != "Crossfade":
            continue
        right, shown = 0, []
        for line in (PUBLIC / "probes" / entry["file"]).read_text(encoding="utf-8").splitlines():
            probe = json.loads(line)
            if "good" in probe:
                scores = [likelihood(encode(probe[side]), 1) for side in ("good", "bad")]
                right += scores[0] > scores[1]
            else:
                bare = probe["prompt"].rstrip()
                prompt = encode(bare)
                texts = [encode(probe["prompt"] + choice) for choice in probe["choices"]]
                start = max(1, min(common_prefix(prompt, ids) for ids in texts))
                scores = [likelihood(ids, start) for ids in texts]
                normalised = [s / len(c.strip()) for s, c in zip(scores, probe["choices"])]
                right += all(n < normalised[probe["answer"]] for i, n in enumerate(normalised) if i != probe["answer"])
            if len(shown) < SHOWN:
                shown.append(scores)
        sets.append({"id": entry["id"], "items": entry["items"], "right": right, "likelihoods": shown})
        print(entry["id"], right, "/", entry["items"])

    texts = []
    for corpus in json.loads((PUBLIC / "corpora" / "manifest.json").read_text())["corpora"]:
        documents = split_documents((PUBLIC / "corpora" / corpus["heldOut"]).read_text(encoding="utf-8"), corpus["separator"])
        short = [d[:160] for d in documents if len(d) > 40][:DOCUMENTS]
        losses = [nll(encode(d)) for d in short]
        total, tokens = sum(map(sum, losses)), sum(map(len, losses))
        texts.append(
            {
                "id": corpus["id"],
                "documents": short,
                "nll": [sum(values) for values in losses],
                "tokens": [len(values) for values in losses],
                "perplexity": math.exp(total / tokens),
            }
        )

    ids = encode(ATTENTION_TEXT)
    with torch.no_grad():
        attention = model(torch.tensor([ids]), output_attentions=True).attentions
    fixtures = {
        "merges": merges(model, nll, [encode(d) for d in texts[0]["documents"][:MERGE_DOCUMENTS]]),
        "sets": sets,
        "texts": texts,
        "attention": {
            "text": ATTENTION_TEXT,
            "ids": ids,
            # The last query's row of every head, and the whole of the first layer's first head.
            "lastRows": [[[round(v, 8) for v in head[-1].tolist()] for head in layer[0]] for layer in attention],
            "firstHead": [[round(v, 8) for v in row] for row in attention[0][0][0].tolist()],
        },
    }
    (HERE / "fixtures" / "evaluation.json").write_text(json.dumps(fixtures, ensure_ascii=False) + "\n", encoding="utf-8")


main()
