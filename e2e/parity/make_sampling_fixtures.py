"""Sampling and texts as Python's libraries have them: writes fixtures/sampling.json.

    python e2e/parity/make_sampling_fixtures.py

- probabilities of tokens after transformers' warpers (temperature, then top-p), of logits drawn once;
- continuations of the bundled model by transformers, greedy, of prompts of one length;
- distinct n-grams and zlib's gzip of a few texts.
"""

import json
import zlib
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, TemperatureLogitsWarper, TopPLogitsWarper

here = Path(__file__).parent
nano = here.parent.parent / "public" / "models" / "nano"


def warped(logits, temperature, top_p):
    scores = TemperatureLogitsWarper(temperature)(None, logits[None])
    if top_p < 1:
        scores = TopPLogitsWarper(top_p)(None, scores)
    return [round(p, 8) for p in torch.softmax(scores[0], -1).tolist()]


def distinct(documents, n):
    grams = [tuple(ids[at : at + n]) for ids in documents for at in range(len(ids) - n + 1)]
    return len(set(grams)) / len(grams)


torch.manual_seed(4)
logits = (torch.randn(40) * 2).float()
cases = [
    {"temperature": t, "topP": p, "probabilities": warped(logits, t, p)}
    for t, p in [(1.0, 1.0), (1.0, 0.9), (0.7, 0.8), (1.5, 0.95), (1.0, 0.3)]
]

model = LlamaForCausalLM.from_pretrained(nano, dtype=torch.float32).eval()
torch.manual_seed(12)
prompts = torch.randint(1, 4096, (3, 5))
with torch.no_grad():
    written = model.generate(prompts, max_new_tokens=12, do_sample=False, eos_token_id=None, pad_token_id=0)[:, 5:]
    # The winner must be clear: rounding may not decide.
    again = model(torch.cat([prompts, written], 1)).logits[:, 4:-1].topk(2, -1).values
print("smallest lead of a token", float((again[..., 0] - again[..., 1]).min()))

documents = [[5, 6, 5, 6, 5, 6], [7, 8, 9, 7], [1], [5, 6, 7]]
texts = {
    "varied": "The ship leaves the harbour at noon; 河边有一条小路，面包每天早上烤好。 def f(x): return x * 37 % 101\n" * 1,
    "repeating": "The ship leaves the harbour. " * 40,
}
(here / "fixtures" / "sampling.json").write_text(
    json.dumps(
        {
            "logits": [round(x, 6) for x in logits.tolist()],
            "cases": cases,
            "prompts": prompts.tolist(),
            "written": written.tolist(),
            "documents": documents,
            "distinct": [distinct(documents, n) for n in (1, 2, 3)],
            "texts": {name: {"text": text, "ratio": len(zlib.compress(text.encode(), 6, 31)) / len(text.encode())} for name, text in texts.items()},
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )
    + "\n"
)
