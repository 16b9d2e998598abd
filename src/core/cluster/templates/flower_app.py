# SPDX-License-Identifier: Apache-2.0
"""The recipe as a Flower app: a ServerApp that has no training text, and ClientApps that send what training moved of the weights.

flwr run . local --federation-config "num-supernodes=3" --run-config "folder='$PWD'" --stream
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from transformers import AutoTokenizer

from data import Row, Text, held_out_rows, place_of, read_text, tokenise
from model import channel_sums, load_model, logits_of, tensors_of, token_nll
from plan import Refused, drawn_shares, rate_at, retention, settings_at
from rounds import Client, Draws, Server, Update, clients_of, participants_of, put, train_client, trained

HERE = Path(__file__).resolve().parent
RECIPE: dict[str, Any] = json.loads((HERE / "recipe.json").read_text(encoding="utf-8"))
FILES: dict[str, Any] = json.loads((HERE / "data.json").read_text(encoding="utf-8"))
CHANNELS = [channel["id"] for channel in RECIPE["channels"]]
STEPS = RECIPE["budget"]["steps"]
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

server = ServerApp()
client = ClientApp()


def folder_of(context: Context) -> Path:
    """Where texts and base lie on this machine: the node's own configuration, else the run's."""
    return Path(str(context.node_config.get("folder", context.run_config["folder"]))).expanduser()


@functools.cache
def loaded(folder: Path) -> tuple[torch.nn.Module, Any]:
    base = place_of(FILES["model"], folder)
    return load_model(base, RECIPE, DEVICE).to(DEVICE), AutoTokenizer.from_pretrained(base)


@functools.cache
def texts_of(folder: Path, split: str, channels: tuple[str, ...]) -> dict[str, Text]:
    """Token streams of some channels; processes that share a folder write them in turn."""
    _, tokenizer = loaded(folder)
    (folder / "cache").mkdir(exist_ok=True)
    texts = {}
    for channel in (one for one in RECIPE["channels"] if one["id"] in channels):
        with FileLock(folder / "cache" / f"{channel['id']}.{split}.lock"):
            tokenise(FILES["channels"], channel, split, tokenizer, folder)
        texts[channel["id"]] = read_text(FILES["channels"], channel, split, tokenizer, folder)
    return texts


def to_record(update: Update) -> ArrayRecord:
    return ArrayRecord({name: Array(value) for name, value in update.items()})


def to_update(record: ArrayRecord) -> Update:
    return {name: array.numpy() for name, array in record.items()}


def all_clients() -> list[Client]:
    return clients_of(RECIPE, drawn_shares(RECIPE, settings_at(RECIPE, [], 0)["shares"], 0))


# Clients


def index_of(context: Context) -> int:
    """Which client a node is: its `client`, or its number in a simulation."""
    return int(context.node_config.get("client", context.node_config.get("partition-id", -1)))


@client.query()
def who(message: Message, context: Context) -> Message:
    return Message(RecordDict({"node": ConfigRecord({"client": index_of(context)})}), reply_to=message)


@client.train()
def train(message: Message, context: Context) -> Message:
    """Trains on the client's own text. Only what it moved of the weights goes back, with sums of losses and counts of tokens."""
    folder, own = folder_of(context), index_of(context)
    step = int(message.content["config"]["step"])
    model, _ = loaded(folder)
    put(model, to_update(message.content["arrays"]))
    named = next(one for one in participants_of(RECIPE, step) if one.index == own).channel
    texts = texts_of(folder, "train", tuple(CHANNELS) if named is None else (named,))
    kept = context.state["draws"]["json"] if "draws" in context.state else None
    draws = Draws(RECIPE, texts, own, json.loads(str(kept)) if kept else None)
    moved, nll, tokens = train_client(model, RECIPE, step, draws.next(step))
    context.state["draws"] = ConfigRecord({"json": json.dumps(draws.state())})
    metrics = MetricRecord({"client": own, "nll": nll, "tokens": tokens})
    return Message(RecordDict({"arrays": to_record(moved), "metrics": metrics}), reply_to=message)


# Server


class Rounds(FedAvg):
    """Clients by the recipe's draw instead of any nodes, and the studio's mean. A node whose reply is an error is left out of the round."""

    def __init__(self, clients: dict[int, int], weights: Update, out: Path) -> None:
        super().__init__(fraction_evaluate=0.0, min_train_nodes=1, min_available_nodes=1)
        self.nodes, self.central, self.out = clients, Server(RECIPE, weights), out
        self.tokens, self.began = 0, time.perf_counter()
        self.window = Window()

    def configure_train(self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid) -> Iterable[Message]:
        record = RecordDict({"arrays": to_record(self.central.weights), "config": ConfigRecord({"step": server_round - 1})})
        chosen = [self.nodes[one.index] for one in participants_of(RECIPE, server_round - 1) if one.index in self.nodes]
        return [Message(content=record, message_type="train", dst_node_id=node) for node in chosen]

    def aggregate_train(self, server_round: int, replies: Iterable[Message]) -> tuple[ArrayRecord | None, MetricRecord | None]:
        weights = {one.index: one.weight for one in participants_of(RECIPE, server_round - 1)}
        came = [reply.content for reply in replies if not reply.has_error()]
        came.sort(key=lambda content: int(content["metrics"]["client"]))
        if not came:
            print(f"round {server_round}: nobody replied, the weights stay", flush=True)
            return None, None
        norm = self.central.move([(weights[int(one["metrics"]["client"])], to_update(one["arrays"])) for one in came])
        self.window.add([one["metrics"] for one in came], norm)
        self.tokens += int(sum(sum(one["metrics"]["tokens"]) for one in came))
        if server_round == 1 or server_round % RECIPE["logging"]["everySteps"] == 0 or server_round == STEPS:
            self.log(server_round)
        return to_record(self.central.weights), MetricRecord({"norm": norm, "clients": len(came)})

    def log(self, step: int) -> None:
        now = time.perf_counter()
        row = {"step": step, "lr": rate_at(RECIPE, settings_at(RECIPE, [], step - 1)["schedule"], step - 1), "tokens": self.tokens}
        line(self.out, "window", row | self.window.row((now - self.began) * 1000))
        self.window, self.began = Window(), now


class Window:
    """Sums over some rounds."""

    def __init__(self) -> None:
        self.nll, self.tokens = [0.0] * len(CHANNELS), [0.0] * len(CHANNELS)
        self.norms: list[float] = []

    def add(self, metrics: list[MetricRecord], norm: float) -> None:
        for one in metrics:
            self.nll = [a + b for a, b in zip(self.nll, one["nll"], strict=True)]
            self.tokens = [a + b for a, b in zip(self.tokens, one["tokens"], strict=True)]
        self.norms.append(norm)

    def row(self, ms: float) -> dict[str, Any]:
        sums = list(zip(CHANNELS, self.nll, self.tokens, strict=True))
        row: dict[str, Any] = {"gradNorm": sum(self.norms) / len(self.norms), "stepMs": ms / len(self.norms)}
        row["loss"] = {name: nll / count if count else None for name, nll, count in sums}
        return row | {"count": {name: int(count) for name, _, count in sums}, "total": sum(self.nll) / max(1.0, sum(self.tokens))}


def line(out: Path, kind: str, row: dict[str, Any]) -> None:
    with (out / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, **row}) + "\n")


@torch.no_grad()
def held_out(model: torch.nn.Module, rows: list[Row], sizes: list[float]) -> dict[str, Any]:
    """Losses of the common model on the held-out text of each channel."""
    model.eval()
    sums = [[0.0] * len(CHANNELS), [0.0] * len(CHANNELS)]
    for at in range(0, len(rows), RECIPE["batchSize"]):
        batch = tensors_of(rows[at : at + RECIPE["batchSize"]], DEVICE)
        found = channel_sums(token_nll(logits_of(model, batch), batch["targets"]), batch, len(CHANNELS))
        sums = [[a + b for a, b in zip(into, part, strict=True)] for into, part in zip(sums, found, strict=True)]
    parts = zip(CHANNELS, *sums, sizes, strict=True)
    return {name: {"loss": nll / count, "tokens": int(count), "bytes": size} for name, nll, count, size in parts if count > 0}


def nodes_of(grid: Grid) -> dict[int, int]:
    """Client → node, as the nodes say. @raises Refused when a client has none after ten minutes"""
    wanted = {one.index for one in all_clients()}
    for _ in range(120):
        asked = [Message(content=RecordDict(), message_type="query", dst_node_id=node) for node in grid.get_node_ids()]
        replies = [reply for reply in grid.send_and_receive(asked, timeout=60) if not reply.has_error()] if asked else []
        found = {int(reply.content["node"]["client"]): reply.metadata.src_node_id for reply in replies}
        if wanted <= set(found):
            return found
        time.sleep(5)
    raise Refused(f"The recipe has {len(wanted)} clients, of which {sorted(wanted - set(found))} have no node; accepted: a node for each.")


@server.main()
def main(grid: Grid, context: Context) -> None:
    folder = folder_of(context)
    out = folder / "run"
    out.mkdir(exist_ok=True)
    (out / "metrics.jsonl").write_text("", encoding="utf-8")
    (out / "recipe.json").write_text(json.dumps(RECIPE, indent=2), encoding="utf-8")
    model, tokenizer = loaded(folder)
    rows, sizes = held_out_rows(RECIPE, texts_of(folder, "heldOut", tuple(CHANNELS)), tokenizer)
    weights = {name: parameter.detach().cpu().numpy().copy() for name, parameter in trained(model).items()}
    strategy = Rounds(nodes_of(grid), weights, out)
    evaluations: list[dict[str, Any]] = []

    def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord | None:
        if server_round % RECIPE["evaluation"]["everySteps"] and server_round != STEPS:
            return None
        put(model, to_update(arrays))
        measured = held_out(model, rows, sizes)
        base = evaluations[0]["channels"] if evaluations else measured
        evaluations.append({"step": server_round, "channels": measured, "retention": retention(RECIPE, base, measured)})
        line(out, "evaluation", evaluations[-1])
        return MetricRecord({f"loss-{name}": one["loss"] for name, one in measured.items()})

    strategy.start(grid=grid, initial_arrays=to_record(weights), num_rounds=STEPS, evaluate_fn=evaluate)
    put(model, strategy.central.weights)
    model.save_pretrained(str(out / "final"))
    tokenizer.save_pretrained(str(out / "final"))
    line(out, "event", {"type": "stopped", "reason": "budget", "step": STEPS, "at": int(time.time() * 1000)})
