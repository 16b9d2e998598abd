"""Text of the pool: documents per source, their tokens, and the sampler of training rows.

The pool is a folder of `<channel>-<source>.txt.gz`. Lines `<<DOC name>>` in it mark where a text came from and are
dropped. Documents are cut at the channel's separator (recipe.json), each ends with the end-of-text token.
"""
import gzip
import random
import re
from pathlib import Path

import numpy as np

EOT = "<|endoftext|>"


def channel_of(source: str) -> str:
    return source.split("-", 1)[0]


def split_documents(text: str, separator: str) -> list[str]:
    """Documents of `text`, cut at `separator` or more newlines; surrounding newlines are not part of a document."""
    cut = r"\n{%d,}" % len(separator)
    return [d.strip("\n") for d in re.split(cut, text) if d.strip()]


def read_pool(folder: Path, recipe: dict) -> dict[str, list[str]]:
    pool = {}
    for source in recipe["stages"][0]["sources"]:
        text = gzip.open(folder / f"{source}.txt.gz", "rt", encoding="utf-8", newline="").read()
        text = re.sub(r"^<<DOC .*>>\n", "", text, flags=re.M)
        pool[source] = split_documents(text, recipe["separator"][channel_of(source)])
    return pool


def encode_documents(tokenizer, documents: list[str]) -> np.ndarray:
    """Token ids of all documents in a row, end-of-text after each: uint16 [tokens]."""
    eot = tokenizer.token_to_id(EOT)
    ids: list[int] = []
    for start in range(0, len(documents), 2000):
        for encoding in tokenizer.encode_batch(documents[start : start + 2000]):
            ids.extend(encoding.ids)
            ids.append(eot)
    return np.array(ids, dtype=np.uint16)


class Sampler:
    """Rows of context + 1 tokens from random places; sources drawn by the weights of the step's stage. Seeded by the step alone."""

    def __init__(self, streams: dict[str, np.ndarray], recipe: dict):
        self.streams = streams
        self.names = list(streams)
        self.seed = recipe["seed"]
        self.stages = []
        for stage in recipe["stages"]:
            weights = np.array([stage["sources"][n] * stage["channels"][channel_of(n)] for n in self.names])
            self.stages.append((stage["from"], weights / weights.sum()))

    def batch(self, step: int, rows: int, context: int) -> np.ndarray:
        rng = np.random.default_rng([self.seed, step])
        weights = [w for start, w in self.stages if start <= step][-1]
        out = np.empty((rows, context + 1), dtype=np.int64)
        for r, which in enumerate(rng.choice(len(self.names), size=rows, p=weights)):
            stream = self.streams[self.names[which]]
            at = int(rng.integers(0, len(stream) - context - 1))
            out[r] = stream[at : at + context + 1]
        return out


def shuffled(documents: list[str], seed: int) -> list[str]:
    documents = list(documents)
    random.Random(seed).shuffle(documents)
    return documents
