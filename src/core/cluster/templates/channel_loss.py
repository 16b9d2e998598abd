# SPDX-License-Identifier: Apache-2.0
"""Held-out loss of each channel, base line and retention for LLaMA-Factory, ms-swift and axolotl, by the callbacks that each of them takes.

Measured as the studio measures them: documents each by itself, sums of nats and counts of tokens added over all processes before they are
divided. run/metrics.jsonl is written as by the studio's own script, with recipe.json beside it, and can be followed on its desk.

LLaMA-Factory   torchrun --nproc-per-node N channel_loss.py train.yaml     (in the place of llamafactory-cli train)
ms-swift        external_plugins: [channel_loss.py], callbacks: [channel_loss]
axolotl         plugins: [channel_loss.ChannelLossPlugin]
"""

from __future__ import annotations

import json
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer, TrainerCallback

from data import held_out_rows, read_text, tokenise
from plan import retention

ROOT = Path(__file__).resolve().parent


class ChannelLoss(TrainerCallback):
    def __init__(self) -> None:
        self.recipe: dict[str, Any] = json.loads((ROOT / "recipe.json").read_text(encoding="utf-8"))
        self.channels = [channel["id"] for channel in self.recipe["channels"]]
        self.pieces: list[tuple[int, np.ndarray, np.ndarray]] = []
        self.sizes: list[float] = []
        self.base: dict[str, Any] | None = None
        self.measured = -1
        self.began, self.step = time.perf_counter(), 0

    def read(self, args: Any) -> None:
        """Pieces of documents; the main process tokenises them, the others wait."""
        tokenizer = AutoTokenizer.from_pretrained(str(ROOT / "model"))
        sources = {name: {"heldOut": [f"data/heldOut/{name}.jsonl"]} for name in self.channels}
        if args.process_index == 0:
            for channel in self.recipe["channels"]:
                tokenise(sources, channel, "heldOut", tokenizer, ROOT)
        if torch.distributed.is_initialized():
            torch.distributed.barrier()
        texts = {channel["id"]: read_text(sources, channel, "heldOut", tokenizer, ROOT) for channel in self.recipe["channels"]}
        rows, self.sizes = held_out_rows(self.recipe, texts, tokenizer)
        for row in rows:
            for number in range(int(row.documents.max()) + 1):
                own = row.documents == number
                self.pieces.append((row.channel, row.ids[own], row.targets[own]))

    @torch.no_grad()
    def measure(self, args: Any, model: torch.nn.Module, step: int) -> None:
        if not self.pieces:
            self.read(args)
        world, rank, device = args.world_size, args.process_index, args.device
        rows = max(1, args.per_device_eval_batch_size)
        sums = torch.zeros(2, len(self.channels), dtype=torch.float64, device=device)
        training = model.training
        model.eval()
        # Each process makes as many passes: sharded weights are gathered by all of them.
        for first in range(0, len(self.pieces), rows * world):
            mine = self.pieces[first + rank * rows : first + (rank + 1) * rows] or self.pieces[:1]
            counts = first + rank * rows < len(self.pieces)
            width = max(len(ids) for _, ids, _ in mine)
            padded = [np.pad(ids, (0, width - len(ids))) for _, ids, _ in mine]
            # What is behind a piece is not seen by what is before it.
            logits = model(input_ids=torch.from_numpy(np.stack(padded)).to(device), use_cache=False).logits
            for (channel, _, targets), row in zip(mine, logits, strict=True):
                known = torch.from_numpy(targets).to(device)
                nll = torch.nn.functional.cross_entropy(row[: len(known)].float(), known, reduction="sum")
                if counts:
                    sums[0, channel] += nll.double()
                    sums[1, channel] += len(known)
        model.train(training)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(sums)
        found = {
            name: {"loss": nll / count, "tokens": int(count), "bytes": size}
            for name, nll, count, size in zip(self.channels, *sums.tolist(), self.sizes, strict=True)
            if count > 0
        }
        self.base, self.measured = self.base or found, step
        self.line(args, "evaluation", {"step": step, "channels": found, "retention": retention(self.recipe, self.base, found)})

    def line(self, args: Any, kind: str, row: dict[str, Any]) -> None:
        if args.process_index == 0:
            with (Path(args.output_dir) / "metrics.jsonl").open("a", encoding="utf-8") as out:
                out.write(json.dumps({"kind": kind, **row}) + "\n")

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        out = Path(args.output_dir)
        out.mkdir(parents=True, exist_ok=True)
        if args.process_index == 0:
            (out / "recipe.json").write_text(json.dumps(self.recipe, indent=2), encoding="utf-8")
        lines = [json.loads(line) for line in (out / "metrics.jsonl").open(encoding="utf-8")] if (out / "metrics.jsonl").exists() else []
        first = next((line for line in lines if line["kind"] == "evaluation" and line["step"] == 0), None)
        # Of a run that goes on the base was measured before it began.
        if state.global_step > 0 and first:
            self.base = first["channels"]
        else:
            self.measure(args, model, state.global_step)
        self.began, self.step = time.perf_counter(), state.global_step

    def on_evaluate(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        # Several evaluation sets are one evaluation.
        if state.global_step != self.measured:
            self.measure(args, model, state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if not logs or "loss" not in logs:
            return
        now, steps = time.perf_counter(), max(1, state.global_step - self.step)
        row = {"step": state.global_step, "lr": logs.get("learning_rate", 0.0), "gradNorm": logs.get("grad_norm"), "loss": {}, "count": {}}
        row |= {"stepMs": (now - self.began) * 1000 / steps, "tokens": int(state.num_input_tokens_seen), "total": float(logs["loss"])}
        self.line(args, "window", row)
        self.began, self.step = now, state.global_step

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        reason = "budget" if state.global_step >= state.max_steps else "early-stop"
        self.line(args, "event", {"type": "stopped", "reason": reason, "step": state.global_step, "at": int(time.time() * 1000)})


if find_spec("axolotl"):
    from axolotl.integrations.base import BasePlugin

    class ChannelLossPlugin(BasePlugin):
        def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
            return [ChannelLoss()]


if find_spec("swift"):
    from swift.callbacks import callbacks_map

    class SwiftChannelLoss(ChannelLoss):
        def __init__(self, args: Any, trainer: Any) -> None:
            super().__init__()

    callbacks_map["channel_loss"] = SwiftChannelLoss


if __name__ == "__main__":
    from llamafactory.train.tuner import run_exp

    run_exp(callbacks=[ChannelLoss()])
