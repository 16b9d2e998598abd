# SPDX-License-Identifier: Apache-2.0
"""The rounds of a federated run: who the clients are, which rows each reads, how one trains, and what the server makes of their updates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from data import Allocator, Rng, Row, Stream, Text, derive_seed, row_at
from model import channel_sums, logits_of, optimizer_of, tensors_of, token_nll
from plan import Recipe, Shares, drawn_shares, rate_at, rounded, settings_at, total

Update = dict[str, np.ndarray]


@dataclass
class Client:
    index: int
    channel: str | None
    """The only channel that it has; None where it has a mixture."""
    shares: Shares
    weight: float


def uniform(random: Rng) -> float:
    return random.next() / 2**32


def normal(random: Rng) -> float:
    """By Box and Muller."""
    size = math.sqrt(-2 * math.log(1 - uniform(random)))
    return size * math.cos(2 * math.pi * uniform(random))


def gamma(random: Rng, shape: float) -> float:
    """Gamma(shape, 1) by Marsaglia and Tsang (2000)."""
    if shape < 1:
        return gamma(random, shape + 1) * (1 - uniform(random)) ** (1 / shape)
    d = shape - 1 / 3
    while True:
        x = normal(random)
        v = (1 + x / math.sqrt(9 * d)) ** 3
        if v > 0 and math.log(1 - uniform(random)) < 0.5 * x * x + d * (1 - v + math.log(v)):
            return d * v


def dirichlet(random: Rng, count: int, alpha: float) -> list[float]:
    drawn = [gamma(random, alpha) for _ in range(count)]
    whole = total(drawn)
    return [value / whole for value in drawn] if whole > 0 else [float(at == 0) for at in range(count)]


def clients_of(recipe: Recipe, shares: Shares) -> list[Client]:
    """Each channel with a share, or every channel's text dealt to so many by a draw from Dir(alpha)."""
    split = recipe["federated"].get("split")
    drawn = [channel["id"] for channel in recipe["channels"] if shares.get(channel["id"], 0) > 0]
    if not split:
        return [Client(index, name, {name: 1.0}, shares[name]) for index, name in enumerate(drawn)]
    count, seed = split["clients"], recipe["seed"]
    parts = {name: dirichlet(Rng(derive_seed(seed, "federated", "split", name)), count, split["alpha"]) for name in drawn}
    clients = []
    for index in range(count):
        own = {name: shares[name] * parts[name][index] for name in drawn}
        weight = total(own.values())
        if weight > 0:
            clients.append(Client(index, None, {name: share / weight for name, share in own.items()}, weight))
    return clients


def participants_of(recipe: Recipe, step: int) -> list[Client]:
    """Those that take part in a round, in their order, with weights that sum to 1."""
    clients = clients_of(recipe, drawn_shares(recipe, settings_at(recipe, [], step)["shares"], step))
    count = max(1, rounded(len(clients) * recipe["federated"].get("participation", 1)))
    order = list(range(len(clients)))
    Rng(derive_seed(recipe["seed"], "federated", "round", step)).shuffle(order)
    chosen = [clients[at] for at in sorted(order[:count])]
    whole = total(client.weight for client in chosen)
    return [Client(one.index, one.channel, one.shares, one.weight / whole) for one in chosen]


class Draws:
    """The rows of one client, round after round. Where channels are dealt to clients it follows what the others read of them too."""

    def __init__(self, recipe: Recipe, texts: dict[str, Text], client: int, state: dict[str, Any] | None) -> None:
        self.recipe, self.texts, self.client = recipe, texts, client
        self.step = state["step"] if state else 0
        self.allocators = {index: Allocator(owed) for index, owed in (state["allocators"] if state else {}).items()}
        cursors = state["cursors"] if state else {name: {"epoch": 0, "position": 0} for name in texts}
        self.streams = {name: Stream(name, len(texts[name].ids), recipe, cursor, None) for name, cursor in cursors.items()}

    def state(self) -> dict[str, Any]:
        cursors = {name: {"epoch": stream.epoch, "position": stream.position} for name, stream in self.streams.items()}
        return {"step": self.step, "allocators": {index: one.owed for index, one in self.allocators.items()}, "cursors": cursors}

    def next(self, step: int) -> list[list[Row]]:
        """The micro-batches of a round, each an update; rounds before it are passed over."""
        batches: list[list[Row]] = []
        while self.step <= step:
            batches = self.round(self.step)
            self.step += 1
        return batches

    def round(self, step: int) -> list[list[Row]]:
        rows, every = self.recipe["batchSize"], self.recipe.get("gradientAccumulationSteps", 1)
        names = [channel["id"] for channel in self.recipe["channels"]]
        mine: list[list[Row]] = []
        clients = participants_of(self.recipe, step)
        for at, client in enumerate(clients):
            if client.index != self.client and "split" not in self.recipe["federated"]:
                continue
            updates = every // len(clients) + (1 if at < every % len(clients) else 0)
            counts = self.allocators.setdefault(str(client.index), Allocator()).next(client.shares, rows * updates)
            drawn = [(channel, *self.streams[name].next()) for channel, name in enumerate(names) for _ in range(counts.get(name, 0))]
            if client.index != self.client:
                continue
            Rng(derive_seed(self.recipe["seed"], "shuffle", step, client.index)).shuffle(drawn)
            found = [self.row(*place) for place in drawn]
            mine = [found[first : first + rows] for first in range(0, len(found), rows)]
        return mine

    def row(self, channel: int, start: int, skip: int) -> Row:
        text = self.texts[self.recipe["channels"][channel]["id"]]
        return row_at(text, channel, start, skip, self.recipe["sequenceLength"], self.recipe.get("packing") == "separate")


def trained(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def put(model: torch.nn.Module, weights: Update) -> None:
    with torch.no_grad():
        for name, parameter in trained(model).items():
            parameter.copy_(torch.from_numpy(np.array(weights[name])).to(parameter.device))


def train_client(model: torch.nn.Module, recipe: Recipe, step: int, batches: list[list[Row]]) -> tuple[Update, list[float], list[float]]:
    """An update of AdamW for each micro-batch, from the weights of the round; what it moved, nats and tokens by channel."""
    settings = settings_at(recipe, [], step)
    channels = len(recipe["channels"])
    nll_sums, token_sums = [0.0] * channels, [0.0] * channels
    parameters = trained(model)
    device = next(iter(parameters.values())).device
    start = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    optimizer = optimizer_of(model, recipe)
    for group in optimizer.param_groups:
        group["lr"] = rate_at(recipe, settings["schedule"], step) * group["scale"]
    proximal, most = recipe["federated"].get("proximal"), recipe["optimizer"].get("maxGradNorm", 1.0)
    model.train()
    for rows in batches:
        batch = tensors_of(rows, device)
        nll = token_nll(logits_of(model, batch), batch["targets"])
        sums, counts = channel_sums(nll, batch, channels)
        optimizer.zero_grad()
        (nll.sum() / max(1.0, total(counts))).backward()
        if proximal is not None:
            for name, parameter in parameters.items():
                if parameter.grad is not None:
                    parameter.grad.add_(parameter.detach() - start[name], alpha=proximal)
        torch.nn.utils.clip_grad_norm_(parameters.values(), most if most > 0 else math.inf)
        optimizer.step()
        nll_sums = [one + other for one, other in zip(nll_sums, sums, strict=True)]
        token_sums = [one + other for one, other in zip(token_sums, counts, strict=True)]
    moved = {name: (parameter.detach() - start[name]).cpu().numpy() for name, parameter in parameters.items()}
    privacy = recipe["federated"].get("privacy")
    if privacy:
        factor = np.float32(min(1.0, privacy["clip"] / max(1e-30, norm_of(moved))))
        moved = {name: value * factor for name, value in moved.items()}
    return moved, nll_sums, token_sums


def norm_of(update: Update) -> float:
    return math.sqrt(total(float(np.square(value, dtype=np.float64).sum()) for value in update.values()))


class Server:
    """Takes the weighted mean of the updates that came, adds noise, and moves along it with momentum."""

    def __init__(self, recipe: Recipe, weights: Update) -> None:
        self.recipe, self.weights = recipe, weights
        self.velocity: Update | None = None
        self.random = np.random.default_rng(derive_seed(recipe["seed"], "federated", "noise"))

    def move(self, updates: list[tuple[float, Update]]) -> float:
        """@returns the norm of the step"""
        federated = self.recipe["federated"]
        server, privacy = federated.get("server", {}), federated.get("privacy")
        weights = [1.0 if privacy else weight for weight, _ in updates]
        parts = [np.float32(weight / total(weights)) for weight in weights]
        mean = {name: sum(part * update[name] for part, (_, update) in zip(parts, updates, strict=True)) for name in self.weights}
        if privacy and privacy["noise"] > 0:
            deviation = privacy["noise"] * privacy["clip"] / len(updates)
            mean = {name: value + self.random.normal(0, deviation, value.shape).astype(np.float32) for name, value in mean.items()}
        momentum, rate = np.float32(server.get("momentum", 0)), np.float32(server.get("rate", 1))
        before = self.velocity
        self.velocity = {name: value + (momentum * before[name] if before else 0) for name, value in mean.items()}
        step = {name: rate * value for name, value in self.velocity.items()}
        self.weights = {name: (value + step[name]).astype(np.float32) for name, value in self.weights.items()}
        return norm_of(step)
