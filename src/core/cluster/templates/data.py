# SPDX-License-Identifier: Apache-2.0
"""Which rows a step reads: texts as token streams on the disk, error diffusion of shares, the order of rows, held-out pieces."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plan import Recipe, Refused, Shares, drawn_shares, rounded

M32 = 0xFFFFFFFF
IGNORED = -100


def finalised(h: int) -> int:
    """murmur3's finaliser."""
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & M32
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & M32
    return h ^ (h >> 16)


def derive_seed(seed: int, *labels: str | int) -> int:
    """A 32-bit seed for a named purpose: FNV-1a over seed and labels, finalised."""
    h = 0x811C9DC5
    for character in f"{seed}/{'/'.join(map(str, labels))}":
        h = ((h ^ ord(character)) * 0x01000193) & M32
    return finalised(h)


class Rng:
    """sfc32, as in the studio."""

    def __init__(self, seed: int) -> None:
        self.s = [0, seed & M32, seed & M32, 1]
        for _ in range(12):
            self.next()

    def next(self) -> int:
        a, b, c, d = self.s
        t = (a + b + d) & M32
        self.s = [b ^ (b >> 9), (c + (c << 3)) & M32, (((c << 21) | (c >> 11)) + t) & M32, (d + 1) & M32]
        return t

    def integer(self, n: int) -> int:
        limit = 2**32 - 2**32 % n
        value = self.next()
        while value >= limit:
            value = self.next()
        return value % n

    def shuffle(self, values: list[Any]) -> None:
        for i in range(len(values) - 1, 0, -1):
            j = self.integer(i + 1)
            values[i], values[j] = values[j], values[i]


class Permutation:
    """A seeded order of 0 … size − 1 that is computed, not stored: a four-round Feistel network, walked until the value falls inside."""

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seed, self.half = size, seed, 1
        while 4**self.half < size:
            self.half += 1

    def at(self, index: int) -> int:
        value = self.enciphered(index)
        while value >= self.size:
            value = self.enciphered(value)
        return value

    def enciphered(self, value: int) -> int:
        mask = (1 << self.half) - 1
        left, right = value >> self.half, value & mask
        for turn in range(4):
            h = (right ^ self.seed ^ ((turn + 1) * 0x9E3779B9)) & M32
            left, right = right, left ^ (finalised(h) & mask)
        return (left << self.half) | right


class Allocator:
    """Whole rows per channel for every batch by error diffusion (Tijdeman's rule): what one batch could not give is owed to the next."""

    def __init__(self, owed: dict[str, float] | None = None) -> None:
        self.owed = dict(owed or {})

    def next(self, shares: Shares, rows: int) -> dict[str, int]:
        active = [name for name, share in shares.items() if share > 0]
        counts = dict.fromkeys(shares, 0)
        margin = 1 / (2 * len(active) - 2) if len(active) > 1 else 0.0
        for _ in range(rows):
            chosen, best, largest, fallback = active[0], math.inf, -math.inf, active[0]
            for name in active:
                owed = self.owed.get(name, 0.0) + shares[name]
                self.owed[name] = owed
                if owed > largest:
                    largest, fallback = owed, name
                deadline = (1 - margin - owed) / shares[name] if owed >= margin - 1e-9 else math.inf
                if deadline < best - 1e-12:
                    best, chosen = deadline, name
            if best == math.inf:
                chosen = fallback
            counts[chosen] += 1
            self.owed[chosen] -= 1
        return counts


@dataclass
class Text:
    """A split of a channel: ids of all documents in a row with the end-of-text token behind each, where they start, their UTF-8 bytes."""

    ids: np.ndarray
    starts: np.ndarray
    bytes: np.ndarray


def place_of(model: dict[str, str], root: Path) -> str:
    """A folder here, or a name on the hub."""
    return str(root / model["local"]) if "local" in model else model["hub"]


def documents(source: Any, channel: dict[str, Any], root: Path) -> Iterator[str]:
    """Texts of .jsonl(.gz, .zst) or .parquet files, or of a data set of the hub: {"hub": name, "config": …, "split": …, "text": column}."""
    from datasets import load_dataset

    if isinstance(source, dict):
        column = source.get("text", "text")
        rows = load_dataset(source["hub"], source.get("config"), split=source.get("split", "train"), streaming=True)
    else:
        column = "text"
        files = [str(path) for pattern in source for path in sorted(root.glob(pattern))]
        if not files:
            raise Refused(f'Channel "{channel["id"]}" has no file {", ".join(source)} in the folder {root.name}.')
        kind = "parquet" if files[0].endswith(".parquet") else "json"
        rows = load_dataset(kind, data_files=files, split="train", streaming=True)
    for number, row in enumerate(rows):
        text = row.get(column)
        if not isinstance(text, str):
            raise Refused(f'Row {number} of channel "{channel["id"]}" has no text in "{column}"; it has {", ".join(row)}.')
        if row.get("channel", channel["id"]) not in (channel["id"], channel["corpus"]):
            raise Refused(f'Row {number} of channel "{channel["id"]}" is of channel "{row["channel"]}".')
        if text.strip():
            yield text


def cached_path(sources: dict[str, Any], channel: dict[str, Any], split: str, tokenizer: Any, root: Path) -> Path:
    source = sources.get(channel["id"], {}).get(split)
    if source is None:
        raise Refused(f'data.json names no "{split}" text of channel "{channel["id"]}"; accepted: files or a data set of the hub.')
    stats = [] if isinstance(source, dict) else [(p.name, p.stat().st_size) for s in source for p in sorted(root.glob(s))]
    special = channel.get("specialTokens", "plain")
    key = json.dumps([source, stats, special, tokenizer.backend_tokenizer.to_str()])
    return root / "cache" / f"{channel['id']}.{split}.{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def tokenise(sources: dict[str, Any], channel: dict[str, Any], split: str, tokenizer: Any, root: Path) -> None:
    """Writes the token stream of a split once; every rank maps it. Special tokens in a text are plain text unless the channel says else."""
    path = cached_path(sources, channel, split, tokenizer, root)
    if path.with_suffix(path.suffix + ".npz").exists():
        return
    path.parent.mkdir(exist_ok=True)
    encoder = tokenizer.backend_tokenizer
    encoder.encode_special_tokens = channel.get("specialTokens", "plain") == "plain"
    starts, sizes, length = [], [], 0
    with open(f"{path}.ids", "wb") as out:
        for batch in batched(documents(sources[channel["id"]][split], channel, root), 512):
            for text, encoded in zip(batch, encoder.encode_batch_fast(batch, add_special_tokens=False), strict=True):
                ids = np.asarray([*encoded.ids, tokenizer.eos_token_id], np.uint32)
                starts.append(length)
                sizes.append(len(text.encode("utf-8", "replace")))
                length += len(ids)
                out.write(ids.tobytes())
    np.savez(f"{path}.part.npz", starts=np.asarray(starts, np.int64), bytes=np.asarray(sizes, np.int64))
    os.replace(f"{path}.part.npz", f"{path}.npz")


def batched(values: Iterator[str], size: int) -> Iterator[list[str]]:
    batch: list[str] = []
    for value in values:
        batch.append(value)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def read_text(sources: dict[str, Any], channel: dict[str, Any], split: str, tokenizer: Any, root: Path) -> Text:
    path = cached_path(sources, channel, split, tokenizer, root)
    places = np.load(f"{path}.npz")
    whole = Path(f"{path}.ids").stat().st_size > 0
    ids = np.memmap(f"{path}.ids", np.uint32, "r") if whole else np.zeros(0, np.uint32)
    return Text(ids, places["starts"], places["bytes"])


def read_texts(recipe: Recipe, sources: dict[str, Any], tokenizer: Any, root: Path, accelerator: Any) -> dict[str, dict[str, Text]]:
    """Token streams by split and channel; the main process writes those that are not there yet, while the others wait."""
    texts: dict[str, dict[str, Text]] = {"train": {}, "heldOut": {}}
    for channel in recipe["channels"]:
        for split, of_split in texts.items():
            if split == "heldOut" and not sources.get(channel["id"], {}).get(split):
                of_split[channel["id"]] = Text(np.zeros(0, np.uint32), np.zeros(0, np.int64), np.zeros(0, np.int64))
                continue
            with accelerator.main_process_first():
                if accelerator.is_main_process:
                    tokenise(sources, channel, split, tokenizer, root)
            of_split[channel["id"]] = read_text(sources, channel, split, tokenizer, root)
    return texts


@dataclass
class Row:
    channel: int
    ids: np.ndarray
    targets: np.ndarray
    """The token after each id; IGNORED where none is predicted."""
    documents: np.ndarray | None
    """Number of each token's document where documents are apart."""


def row_at(text: Text, channel: int, start: int, skip: int, context: int, apart: bool) -> Row:
    ids = text.ids[start : start + context].astype(np.int64)
    targets = text.ids[start + 1 : start + context + 1].astype(np.int64)
    targets[:skip] = IGNORED
    if not apart:
        return Row(channel, ids, targets, None)
    places = np.searchsorted(text.starts, np.arange(start, start + context + 1), side="right")
    targets[places[1:] != places[:-1]] = IGNORED
    return Row(channel, ids, targets, places[:-1] - places[0])


class Stream:
    """One channel's text as rows of `context` tokens. Each epoch visits every window once, in an order seeded by run, channel and epoch."""

    def __init__(self, name: str, tokens: int, recipe: Recipe, cursor: dict[str, int], curriculum: tuple[np.ndarray, int] | None) -> None:
        self.name, self.recipe, self.curriculum = name, recipe, curriculum
        self.windows = windows_of(tokens, recipe["sequenceLength"])
        self.last = tokens - 1 - recipe["sequenceLength"]
        self.epoch, self.position = cursor["epoch"], cursor["position"]
        self.begin()

    def begin(self) -> None:
        self.order = Permutation(self.windows, derive_seed(self.recipe["seed"], "order", self.name, self.epoch))
        self.sorted: list[int] | None = None
        if self.curriculum:
            difficulty, block = self.curriculum
            every = [self.order.at(index) for index in range(self.windows)]
            blocks = (every[at : at + block] for at in range(0, self.windows, block))
            self.sorted = [window for part in blocks for window in sorted(part, key=lambda window: (difficulty[window], window))]

    def next(self) -> tuple[int, int]:
        """First token of the row, and predictions at its beginning that an earlier row makes: the last row ends with the text."""
        if self.position == self.windows:
            self.epoch, self.position = self.epoch + 1, 0
            self.begin()
        window = self.sorted[self.position] if self.sorted else self.order.at(self.position)
        self.position += 1
        start = min(window * self.recipe["sequenceLength"], self.last)
        return start, window * self.recipe["sequenceLength"] - start


def windows_of(tokens: int, context: int) -> int:
    return 0 if tokens <= context else math.ceil((tokens - 1) / context)


class Sampler:
    """The rows of each step: the same on every rank, which takes its part of them."""

    def __init__(self, recipe: Recipe, texts: dict[str, Text], state: dict[str, Any] | None = None) -> None:
        self.recipe, self.texts = recipe, texts
        self.allocator = Allocator(state and state["allocator"])
        self.curricula = curricula(recipe, texts) if recipe["strategy"]["kind"] == "curriculum" else {}
        self.streams: dict[str, Stream] = {}
        for name, cursor in (state["cursors"] if state else {}).items():
            self.stream(name, cursor)

    def check(self, shares: Shares) -> None:
        for name, share in shares.items():
            if share > 0 and windows_of(len(self.texts[name].ids), self.recipe["sequenceLength"]) == 0:
                needed = self.recipe["sequenceLength"] + 1
                raise Refused(f'Channel "{name}" has {len(self.texts[name].ids)} training tokens; a row needs {needed}.')

    def next(self, step: int, shares: Shares, rows: int) -> list[tuple[int, int, int]]:
        """(channel, first token, predictions left out) of every row."""
        counts = self.allocator.next(shares, rows)
        drawn = [
            (index, *self.stream(channel["id"]).next())
            for index, channel in enumerate(self.recipe["channels"])
            for _ in range(counts.get(channel["id"], 0))
        ]
        Rng(derive_seed(self.recipe["seed"], "shuffle", step)).shuffle(drawn)
        return drawn

    def row(self, place: tuple[int, int, int]) -> Row:
        channel, start, skip = place
        text = self.texts[self.recipe["channels"][channel]["id"]]
        return row_at(text, channel, start, skip, self.recipe["sequenceLength"], self.recipe.get("packing") == "separate")

    def state(self) -> dict[str, Any]:
        cursors = {name: {"epoch": stream.epoch, "position": stream.position} for name, stream in self.streams.items()}
        return {"allocator": self.allocator.owed, "cursors": cursors}

    def stream(self, name: str, cursor: dict[str, int] | None = None) -> Stream:
        if name not in self.streams:
            start = cursor or {"epoch": 0, "position": 0}
            self.streams[name] = Stream(name, len(self.texts[name].ids), self.recipe, start, self.curricula.get(name))
        return self.streams[name]


def curricula(recipe: Recipe, texts: dict[str, Text]) -> dict[str, tuple[np.ndarray, int]]:
    """Of the domain channels: mean rarity of each window's tokens in the general text, and the rows that the run will draw."""
    roles = {channel["id"]: channel["role"] for channel in recipe["channels"]}
    general = [texts[name].ids for name, role in roles.items() if role == "general"]
    size = 1 + max(int(ids.max()) for ids in general if len(ids))
    counts = 1 + sum(np.bincount(ids, minlength=size) for ids in general)
    rarity = np.log(counts.sum() / counts)
    context, steps = recipe["sequenceLength"], recipe["budget"]["steps"]
    own = {channel["id"]: channel["share"] for channel in recipe["channels"]}
    found = {}
    for name, role in roles.items():
        if role == "general":
            continue
        ids = texts[name].ids
        known = np.where(ids < size, rarity[np.minimum(ids, size - 1)], rarity.max())
        starts = [min(window * context, len(ids) - 1 - context) for window in range(windows_of(len(ids), context))]
        difficulty = np.asarray([np.cumsum(known[start : start + context])[-1] / context for start in starts])
        rows = 0.0
        for step in range(steps):
            rows += drawn_shares(recipe, own, step)[name] * recipe["batchSize"] * recipe.get("gradientAccumulationSteps", 1)
        found[name] = (difficulty, max(1, rounded(rows)))
    return found


def held_out_rows(recipe: Recipe, texts: dict[str, Text], tokenizer: Any) -> tuple[list[Row], list[float]]:
    """Documents each by itself, in pieces of at most a row that begin behind the start of text or the token before them; their bytes."""
    context, most = recipe["sequenceLength"], recipe["sequenceLength"] * recipe["evaluation"]["rowsPerChannel"]
    start_of_text = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    rows: list[Row] = []
    sizes: list[float] = []

    def written(ids: np.ndarray) -> int:
        return len(tokenizer.backend_tokenizer.decode(ids.tolist(), skip_special_tokens=False).encode())

    for channel, name in enumerate(one["id"] for one in recipe["channels"]):
        text = texts[name]
        if len(text.starts) == 0:
            sizes.append(0.0)
            continue
        ends = np.append(text.starts[1:], len(text.ids)) - 1
        pieces = [
            (document, first, min(context, int(end) - first))
            for document, (begin, end) in enumerate(zip(text.starts, ends, strict=True))
            for first in range(int(begin), int(end), context)
        ]
        whole = sum(count for _, _, count in pieces)
        if whole > most:
            taken = max(1, rounded(len(pieces) * most / whole))
            pieces = [pieces[at * len(pieces) // taken] for at in range(taken)]
        size = 0.0
        for document, first, count in pieces:
            begin, end = int(text.starts[document]), int(ends[document])
            part = 1.0 if count == end - begin else written(text.ids[first : first + count]) / max(1, written(text.ids[begin:end]))
            size += float(text.bytes[document]) * part
        sizes.append(size)
        free = 0
        for document, first, count in pieces:
            if count > free:
                rows.append(Row(channel, np.zeros(context, np.int64), np.full(context, IGNORED), np.full(context, -1)))
                number, free = 0, context
            at, row = context - free, rows[-1]
            # Before each token stands the one that it follows.
            ids = np.roll(text.ids[first : first + count].astype(np.int64), 1)
            ids[0] = start_of_text if first == text.starts[document] else text.ids[first - 1]
            row.ids[at : at + count] = ids
            row.targets[at : at + count] = text.ids[first : first + count]
            row.documents[at : at + count] = number
            number, free = number + 1, free - count
    if not rows:
        raise Refused("No channel has held-out text; accepted: at least one.")
    return rows, sizes
