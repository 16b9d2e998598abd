# SPDX-License-Identifier: Apache-2.0
"""Texts as Megatron reads them: data/<split>/<channel>.jsonl becomes blend/<split>-<channel>_text_document.bin and .idx, without Megatron.

python indexed.py en law      both splits of these channels, in the tokens of model/

A .bin has the tokens of all documents, each with the end of text behind it. Its .idx: magic, version 1, a code of the type, how many
sequences and document bounds there are, then tokens of each sequence (int32), its byte in the .bin (int64), and the bounds (int64).
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from itertools import islice
from pathlib import Path

import numpy as np
from transformers import AutoTokenizer, PreTrainedTokenizerBase

ROOT = Path(__file__).resolve().parent
MAGIC = b"MMIDIDX\x00\x00"
# As Megatron chooses: two bytes where all tokens fit.
MOST_OF_TWO_BYTES = 65500
CODES = {"uint16": 8, "int32": 4}
# Documents that are tokenised at a time.
BATCH = 1000


def write_index(path: Path, dtype: np.dtype, lengths: list[int]) -> None:
    """A sequence a document."""
    sizes = np.array(lengths, dtype=np.int32)
    starts = np.zeros(len(lengths), dtype=np.int64)
    np.cumsum(sizes[:-1], dtype=np.int64, out=starts[1:])
    with path.open("wb") as out:
        out.write(MAGIC + struct.pack("<QBQQ", 1, CODES[dtype.name], len(lengths), len(lengths) + 1))
        out.write(sizes.tobytes())
        out.write((starts * dtype.itemsize).tobytes())
        out.write(np.arange(len(lengths) + 1, dtype=np.int64).tobytes())


def write_tokens(source: Path, target: Path, tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """How many documents and tokens there are."""
    dtype = np.dtype("uint16" if len(tokenizer) < MOST_OF_TWO_BYTES else "int32")
    end = tokenizer.eos_token_id
    if end is None:
        sys.exit("indexed.py: the tokenizer of model/ has no end of text; accepted: one with eos_token.")
    lengths: list[int] = []
    with source.open(encoding="utf-8") as lines, target.with_suffix(".bin").open("wb") as out:
        while batch := list(islice(lines, BATCH)):
            texts = [text for line in batch if line.strip() and (text := json.loads(line)["text"])]
            for ids in tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []:
                out.write(np.array([*ids, end], dtype=dtype).tobytes())
                lengths.append(len(ids) + 1)
    if not lengths:
        sys.exit(f"indexed.py: {source.name} has no document.")
    write_index(target.with_suffix(".idx"), dtype, lengths)
    return len(lengths), sum(lengths)


def main() -> None:
    parser = argparse.ArgumentParser(description="Texts as Megatron's .bin and .idx.")
    parser.add_argument("channels", nargs="+")
    parser.add_argument("--data", type=Path, default=ROOT / "data")
    parser.add_argument("--model", default=str(ROOT / "model"))
    parser.add_argument("--out", type=Path, default=ROOT / "blend")
    args = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    args.out.mkdir(parents=True, exist_ok=True)
    for channel in args.channels:
        for split in ("train", "heldOut"):
            target = args.out / f"{split}-{channel}_text_document"
            documents, tokens = write_tokens(args.data / split / f"{channel}.jsonl", target, tokenizer)
            print(f"{target.name}: {documents} documents, {tokens} tokens", flush=True)


if __name__ == "__main__":
    main()
