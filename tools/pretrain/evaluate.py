"""Held-out loss of a model folder per channel, as the product counts it: python tools/pretrain/evaluate.py --model DIR [--corpora DIR]

Documents are joined with the end-of-text token and cut into consecutive rows of the model's context; every token of a row
but the stream's first is predicted once. Loss in nats per token; bits per byte = loss · tokens / (bytes · ln 2).
"""
import argparse
import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from data import encode_documents, split_documents
from model import Nano


def load(folder: Path) -> Nano:
    config = json.loads((folder / "config.json").read_text())
    model = Nano(config, config["vocab_size"])
    state = load_file(str(folder / "model.safetensors"))
    own = model.hugging_face_names()
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(state.pop(name).float())
    if state:
        raise SystemExit(f"unknown tensors in {folder}: {sorted(state)}")
    return model


@torch.no_grad()
def channel_loss(model: Nano, ids: torch.Tensor, context: int) -> tuple[float, int]:
    rows = (len(ids) - 1) // context
    total = 0.0
    for start in range(0, rows, 32):
        count = min(32, rows - start)
        span = ids[start * context : (start + count) * context + 1]
        total += model(span[:-1].view(count, context), span[1:].view(count, context)).item() * count * context
    return total / (rows * context), rows * context


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--corpora", type=Path, default=Path(__file__).parent.parent.parent / "public" / "corpora")
    arguments = parser.parse_args()
    model = load(arguments.model)
    tokenizer = Tokenizer.from_file(str(arguments.model / "tokenizer.json"))
    result = {}
    for corpus in json.loads((arguments.corpora / "manifest.json").read_text(encoding="utf-8"))["corpora"]:
        text = (arguments.corpora / corpus["heldOut"]).read_text(encoding="utf-8")
        documents = split_documents(text, corpus["separator"])
        ids = torch.from_numpy(encode_documents(tokenizer, documents).astype("int64"))
        loss, tokens = channel_loss(model, ids, model.config["max_position_embeddings"])
        size = sum(len(d.encode()) for d in documents) * tokens / len(ids)
        result[corpus["id"]] = {"loss": round(loss, 4), "perplexity": round(math.exp(loss), 2), "bits_per_byte": round(loss * tokens / size / math.log(2), 4), "tokens": tokens}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
