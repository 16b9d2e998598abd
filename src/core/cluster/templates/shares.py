# SPDX-License-Identifier: Apache-2.0
"""Shares of tokens for a trainer that draws documents.

python shares.py train.yaml   weighs the probabilities of LLaMA-Factory or ms-swift by the mean length of each channel's documents
python shares.py mixed        writes data/mixed.jsonl for axolotl: documents of the channels in turn, the shares of tokens kept all along
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

SAMPLE = 2000
"""Documents of a channel that its mean length is measured on."""


def documents(channel: str) -> Iterator[str]:
    with Path("data", "train", f"{channel}.jsonl").open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)["text"]


def channels_of(recipe: dict[str, Any]) -> dict[str, float]:
    """Channel to share, of those that are drawn from."""
    return {channel["id"]: channel["share"] for channel in recipe["channels"] if channel["share"] > 0}


def mean_length(tokenizer: Any, channel: str) -> float:
    """Tokens of a document, its end among them."""
    lengths = []
    for text in documents(channel):
        lengths.append(len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1)
        if len(lengths) == SAMPLE:
            break
    if not lengths:
        raise SystemExit(f"data/train/{channel}.jsonl holds no document")
    return sum(lengths) / len(lengths)


def weigh(tokenizer: Any, shares: dict[str, float], path: Path) -> None:
    """A document of twice the length is drawn half as often."""
    weights = {channel: share / mean_length(tokenizer, channel) for channel, share in shares.items()}
    whole = sum(weights.values())
    values = [f"{weight / whole:.6f}" for weight in weights.values()]
    text = path.read_text(encoding="utf-8")
    text, found = re.subn(r"^interleave_probs: .*$", f'interleave_probs: "{",".join(values)}"', text, flags=re.M)
    text, also = re.subn(r"^interleave_prob: .*$", f"interleave_prob: [{', '.join(values)}]", text, flags=re.M)
    if found + also != 1:
        raise SystemExit(f"{path} has no line interleave_probs or interleave_prob")
    path.write_text(text, encoding="utf-8")
    print(dict(zip(weights, values, strict=True)))


def mix(tokenizer: Any, recipe: dict[str, Any], shares: dict[str, float]) -> None:
    """As many tokens as the steps read; next comes the channel that is furthest behind its share."""
    rows = recipe["batchSize"] * recipe.get("gradientAccumulationSteps", 1)
    wanted = recipe["budget"]["steps"] * rows * recipe["sequenceLength"]
    whole = sum(shares.values())
    written = dict.fromkeys(shares, 0)
    readers = {channel: documents(channel) for channel in shares}
    with Path("data", "mixed.jsonl").open("w", encoding="utf-8") as file:
        while sum(written.values()) < wanted:
            total = sum(written.values())
            channel = max(shares, key=lambda one: shares[one] / whole * (total + 1) - written[one])
            text = next(readers[channel], None)
            if text is None:
                readers[channel] = documents(channel)
                text = next(readers[channel])
            written[channel] += len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1
            file.write(json.dumps({"channel": channel, "text": text}, ensure_ascii=False) + "\n")
    print({channel: round(tokens / sum(written.values()), 4) for channel, tokens in written.items()})


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    recipe = json.loads(Path("recipe.json").read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained("model")
    shares = channels_of(recipe)
    if sys.argv[1] == "mixed":
        mix(tokenizer, recipe, shares)
    else:
        weigh(tokenizer, shares, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
