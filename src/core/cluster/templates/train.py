# SPDX-License-Identifier: Apache-2.0
"""Trains a Crossfade recipe on any number of processes. A step: control file, rows by error diffusion, gradients, clipping, AdamW.

torchrun --nproc-per-node 2 train.py            DDP
accelerate launch --config_file configs/fsdp.yaml train.py
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import GradientAccumulationPlugin, broadcast_object_list, set_seed
from transformers import AutoTokenizer

from data import IGNORED, Row, Sampler, held_out_rows, place_of, read_texts
from model import Anchor, Teacher, channel_sums, check_targets, load_model, logits_of, optimizer_of, tensors_of, token_nll
from plan import Recipe, Refused, checked_change, drawn_shares, rate_at, retention, rule_to_stop, settings_at, token_weights

ROOT = Path(__file__).resolve().parent
PRECISION = {"f32": "no", "f16": "fp16", "bf16": "bf16"}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Continued pretraining by a Crossfade recipe.")
    parser.add_argument("--recipe", type=Path, default=ROOT / "recipe.json")
    parser.add_argument("--model", default=None, help="folder or name on the hub; default: what data.json names")
    parser.add_argument("--teacher", default=None, help="distillation: folder or name; default: the base")
    parser.add_argument("--out", type=Path, default=ROOT / "run", help="metrics, checkpoints, final model; a run that is there goes on")
    parser.add_argument("--rows-per-device", type=int, default=None, help="rows of a forward pass; default: the recipe's batchSize")
    parser.add_argument("--gradient-checkpointing", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    parser.add_argument("--cpu", action="store_true")
    return parser.parse_args()


class Run:
    def __init__(self, args: argparse.Namespace) -> None:
        self.recipe: Recipe = json.loads(args.recipe.read_text(encoding="utf-8"))
        self.channels = [channel["id"] for channel in self.recipe["channels"]]
        self.steps, self.out = self.recipe["budget"]["steps"], args.out
        self.rows = self.recipe["batchSize"] * self.recipe.get("gradientAccumulationSteps", 1)
        world = int(os.environ.get("WORLD_SIZE", "1"))
        if self.rows % world:
            raise Refused(f"A step has {self.rows} rows, which {world} processes cannot share evenly; accepted: a divisor of {self.rows}.")
        self.own = self.rows // world
        self.micro = min(args.rows_per_device or self.recipe["batchSize"], self.own)
        chunks = math.ceil(self.own / self.micro)
        self.accelerator = Accelerator(
            mixed_precision=os.environ.get("ACCELERATE_MIXED_PRECISION") or PRECISION[self.recipe.get("precision", "f32")],
            gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=chunks, sync_with_dataloader=False),
            dynamo_backend="inductor" if args.compile else None,
            cpu=args.cpu,
        )
        self.main, self.device = self.accelerator.is_main_process, self.accelerator.device
        check_targets(self.recipe, self.accelerator.distributed_type.value)
        set_seed(self.recipe["seed"])
        self.step, self.tokens = 0, 0
        self.changes: list[dict[str, Any]] = []
        self.evaluations: list[dict[str, Any]] = []
        self.refused, self.ending, self.saving = "", False, False
        self.window = self.empty_window()
        self.prepare(args)

    def prepare(self, args: argparse.Namespace) -> None:
        files = json.loads((ROOT / "data.json").read_text(encoding="utf-8"))
        base = args.model or place_of(files["model"], ROOT)
        self.tokenizer = AutoTokenizer.from_pretrained(base)
        texts = read_texts(self.recipe, files["channels"], self.tokenizer, ROOT, self.accelerator)
        self.held_out, self.bytes = held_out_rows(self.recipe, texts["heldOut"], self.tokenizer)
        keep = self.recipe.get("activationCheckpointing", False) if args.gradient_checkpointing is None else args.gradient_checkpointing
        model = load_model(base, self.recipe, self.device, keep)
        self.towards_base = "decayTowards" in self.recipe.get("regularisation", {})
        optimizer = optimizer_of(model, self.recipe)
        if self.accelerator.distributed_type.value == "DEEPSPEED":
            self.accelerator.state.deepspeed_plugin.deepspeed_config["train_micro_batch_size_per_gpu"] = self.micro
        self.model, self.optimizer = self.accelerator.prepare(model, optimizer)
        self.anchor = Anchor(self.model, self.recipe) if Anchor.asked(self.recipe) else None
        if self.anchor and "ewc" in self.recipe["regularisation"]:
            self.anchor.measure(self.model, self.recipe, texts["train"], self.accelerator)
        self.teacher = None
        if "distillation" in self.recipe.get("regularisation", {}):
            plain = {key: value for key, value in self.recipe.items() if key != "method"}
            teacher = args.teacher or place_of(files.get("teacher", {"hub": base}), ROOT)
            self.teacher = Teacher(load_model(teacher, plain, self.device), self.recipe, self.device)
        self.resume(texts["train"])

    # What is kept

    def resume(self, texts: dict[str, Any]) -> None:
        """From the newest whole checkpoint; lines of metrics behind it are dropped, changes of settings made later are made again."""
        whole = [path for path in (self.out / "checkpoints").glob("*") if (path / "cursor.json").exists() and path.name.isdigit()]
        newest = max(whole, key=lambda path: int(path.name), default=None)
        state = None
        if newest:
            self.accelerator.load_state(str(newest))
            state = json.loads((newest / "cursor.json").read_text(encoding="utf-8"))
            for name in ("step", "tokens", "evaluations", "window"):
                setattr(self, name, state[name])
            if (self.out / "changes.json").exists():
                self.changes = json.loads((self.out / "changes.json").read_text(encoding="utf-8"))
        self.sampler = Sampler(self.recipe, texts, state and state["sampler"])
        self.accelerator.wait_for_everyone()
        if not self.main:
            return
        from torch.utils.tensorboard import SummaryWriter

        self.out.mkdir(parents=True, exist_ok=True)
        metrics, kept = self.out / "metrics.jsonl", ""
        if newest and metrics.exists():
            rows = [(line, json.loads(line)) for line in metrics.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
            kept = "".join(f"{line}\n" for line, row in rows if row["step"] <= self.step and row.get("type") not in ("stopped", "failed"))
        metrics.write_text(kept, encoding="utf-8")
        self.board = SummaryWriter(str(self.out / "tensorboard"), purge_step=self.step + 1 if newest else None)
        (self.out / "recipe.json").write_text(json.dumps(self.recipe, indent=2), encoding="utf-8")
        if newest:
            self.event("resumed")

    def save(self) -> None:
        path = self.out / "checkpoints" / str(self.step)
        if (path / "cursor.json").exists():
            return
        part = path.with_suffix(".part")
        if self.main:
            shutil.rmtree(part, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        self.accelerator.save_state(str(part))
        self.accelerator.wait_for_everyone()
        if self.main:
            cursor = {name: getattr(self, name) for name in ("step", "tokens", "evaluations", "window")}
            (part / "cursor.json").write_text(json.dumps(cursor | {"sampler": self.sampler.state()}), encoding="utf-8")
            shutil.rmtree(path, ignore_errors=True)
            part.rename(path)
            whole = sorted((int(one.name) for one in path.parent.glob("*") if one.name.isdigit()), reverse=True)
            for step in whole[self.recipe["saving"].get("keep", 3) :]:
                shutil.rmtree(path.parent / str(step))
        self.accelerator.wait_for_everyone()

    def save_final(self) -> None:
        state = self.accelerator.get_state_dict(self.model)
        model = self.accelerator.unwrap_model(self.model, keep_torch_compile=False)
        model.save_pretrained(str(self.out / "final"), state_dict=state, is_main_process=self.main, save_function=self.accelerator.save)
        if self.main:
            self.tokenizer.save_pretrained(str(self.out / "final"))

    def line(self, kind: str, row: dict[str, Any]) -> None:
        if self.main:
            with (self.out / "metrics.jsonl").open("a", encoding="utf-8") as out:
                out.write(json.dumps({"kind": kind, **row}) + "\n")

    def event(self, kind: str, **values: Any) -> None:
        self.line("event", {"type": kind, **values, "step": self.step, "at": int(time.time() * 1000)})

    # Control

    def control(self) -> None:
        """Rank 0 reads control.json between steps; all ranks get what it found, and act before the same step."""
        found: list[Any] = [self.read_control() if self.main else None]
        broadcast_object_list(found)
        change = found[0]
        if change is None:
            return
        self.ending, self.saving = change["stop"], change["save"]
        self.changes.append(
            {"step": self.step, "at": int(time.time() * 1000), "settings": change["settings"], "control": change["control"]}
        )
        self.event("control", settings=change["settings"], control=change["control"])
        if self.main:
            (self.out / "changes.json").write_text(json.dumps(self.changes, indent=2), encoding="utf-8")
            print(f"step {self.step}: control.json sets {json.dumps(change['settings'])}", flush=True)

    def read_control(self) -> dict[str, Any] | None:
        try:
            text = (self.out / "control.json").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        mark = hashlib.sha256(text.encode()).hexdigest()
        if mark == self.refused or any(change.get("control") == mark for change in self.changes):
            return None
        try:
            asked = json.loads(text)
            first = asked.get("step", 0) if isinstance(asked, dict) else 0
            if not isinstance(first, int) or first < 0:
                raise Refused(f"step is {first!r}; accepted: a whole number from 0.")
            change = checked_change(self.recipe, settings_at(self.recipe, self.changes, self.step), asked)
            if "shares" in change["settings"]:
                self.sampler.check(drawn_shares(self.recipe, change["settings"]["shares"], self.step))
            return None if first > self.step else change | {"control": mark}
        except (ValueError, OverflowError, RecursionError) as error:
            self.refused = mark
            self.event("refused", sentence=f"control.json was refused: {error}")
            print(f"step {self.step}: control.json was refused, training goes on: {error}", file=sys.stderr, flush=True)
            return None

    # Measuring

    def empty_window(self) -> dict[str, Any]:
        return {"nll": [0.0] * len(self.channels), "tokens": [0] * len(self.channels), "norm": 0.0, "steps": 0, "ms": 0.0}

    def summed(self, values: list[list[float]]) -> list[list[float]]:
        """Sums over all ranks, before anything is divided."""
        return self.accelerator.reduce(torch.tensor(values, dtype=torch.float64, device=self.device), "sum").tolist()

    @torch.no_grad()
    def evaluate(self) -> None:
        """Held-out loss of each channel, and what is left of general ability: mean of base perplexity / perplexity."""
        self.model.eval()
        blank = Row(0, self.held_out[0].ids, self.held_out[0].targets * 0 + IGNORED, self.held_out[0].documents)
        every = self.held_out + [blank] * (-len(self.held_out) % (self.accelerator.num_processes * self.micro))
        mine = every[self.accelerator.process_index :: self.accelerator.num_processes]
        sums = [[0.0] * len(self.channels) for _ in range(2)]
        for at in range(0, len(mine), self.micro):
            batch = tensors_of(mine[at : at + self.micro], self.device)
            nll = token_nll(logits_of(self.model, batch), batch["targets"])
            for into, found in zip(sums, channel_sums(nll, batch, len(self.channels)), strict=True):
                into[:] = [one + other for one, other in zip(into, found, strict=True)]
        self.model.train()
        nll_sums, counts = self.summed(sums)
        measured = {
            name: {"loss": nll / count, "tokens": int(count), "bytes": size}
            for name, nll, count, size in zip(self.channels, nll_sums, counts, self.bytes, strict=True)
            if count > 0
        }
        base = self.evaluations[0]["channels"] if self.evaluations else measured
        row = {"step": self.step, "channels": measured, "retention": retention(self.recipe, base, measured)}
        self.evaluations.append(row)
        self.line("evaluation", row)
        if self.main:
            losses = {name: one["loss"] for name, one in measured.items()}
            scalars = {f"held-out/{name}": loss for name, loss in losses.items()} | (
                {"retention": row["retention"]} if row["retention"] is not None else {}
            )
            for name, value in scalars.items():
                self.board.add_scalar(name, value, self.step)
            print(f"step {self.step}: held-out {losses}, retention {row['retention']}", flush=True)

    def log(self, lr: float) -> None:
        window, self.window = self.window, self.empty_window()
        losses = {
            name: nll / count if count else None for name, nll, count in zip(self.channels, window["nll"], window["tokens"], strict=True)
        }
        total = sum(window["nll"]) / max(1, sum(window["tokens"]))
        row = {"step": self.step, "lr": lr, "gradNorm": window["norm"] / window["steps"], "stepMs": window["ms"] / window["steps"]}
        row |= {"tokens": self.tokens, "loss": losses, "count": dict(zip(self.channels, window["tokens"], strict=True)), "total": total}
        self.line("window", row)
        if self.main:
            scalars = {f"train/{name}": loss for name, loss in losses.items() if loss is not None} | {"train/total": total, "lr": lr}
            for name, value in (scalars | {"gradient-norm": row["gradNorm"]}).items():
                self.board.add_scalar(name, value, self.step)

    # Training

    def train_step(self) -> float:
        began = time.perf_counter()
        settings = settings_at(self.recipe, self.changes, self.step)
        lr = rate_at(self.recipe, settings["schedule"], self.step)
        shares = drawn_shares(self.recipe, settings["shares"], self.step)
        self.sampler.check(shares)
        places = self.sampler.next(self.step, shares, self.rows)
        first = self.accelerator.process_index * self.own
        rows = [self.sampler.row(place) for place in places[first : first + self.own]]
        local = [float(sum((row.targets != IGNORED).sum() for row in rows if row.channel == index)) for index in range(len(self.channels))]
        counts = self.summed([local])[0]
        scale = self.accelerator.num_processes * self.accelerator.gradient_accumulation_steps
        weights = torch.tensor(token_weights(self.channels, settings["weights"], counts), device=self.device) * scale
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group["scale"]
        nll_sums = [0.0] * len(self.channels)
        norm: Any = 0.0
        for at in range(0, self.own, self.micro):
            batch = tensors_of(rows[at : at + self.micro], self.device)
            with self.accelerator.accumulate(self.model):
                logits = logits_of(self.model, batch)
                nll = token_nll(logits, batch["targets"])
                loss = self.teacher.loss(nll, logits, batch, self.step) if self.teacher else nll
                self.accelerator.backward((loss * weights[batch["channels"], None]).sum())
                if self.accelerator.sync_gradients:
                    if self.anchor:
                        self.anchor.add_gradients()
                    most = self.recipe["optimizer"].get("maxGradNorm", 1.0)
                    norm = self.accelerator.clip_grad_norm_(self.model.parameters(), most if most > 0 else math.inf)
                    if self.anchor and self.towards_base:
                        self.anchor.pull(self.optimizer.param_groups)
                self.optimizer.step()
                self.optimizer.zero_grad()
            nll_sums = [one + other for one, other in zip(nll_sums, channel_sums(nll, batch, len(nll_sums))[0], strict=True)]
        self.step += 1
        summed = self.summed([nll_sums])[0]
        bad = [name for name, value in zip(self.channels, summed, strict=True) if not math.isfinite(value)]
        if bad:
            self.event("failed", error={"code": "loss-not-finite", "values": {"channel": bad[0], "step": self.step}})
            raise Refused(f'At step {self.step} the loss of channel "{bad[0]}" is not finite; the last checkpoint stays.')
        self.tokens += int(sum(counts))
        window = self.window
        window["nll"] = [one + other for one, other in zip(window["nll"], summed, strict=True)]
        window["tokens"] = [one + int(other) for one, other in zip(window["tokens"], counts, strict=True)]
        window["norm"] += float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm or 0.0)
        window["steps"] += 1
        window["ms"] += (time.perf_counter() - began) * 1000
        return lr

    def train(self) -> str:
        evaluation, saving = self.recipe["evaluation"]["everySteps"], self.recipe["saving"]["everySteps"]
        while True:
            due = self.step % evaluation == 0 or self.step == self.steps
            if due and (not self.evaluations or self.evaluations[-1]["step"] != self.step):
                self.evaluate()
                if reason := rule_to_stop(self.recipe, self.evaluations):
                    return reason
            if self.step >= self.steps:
                return "budget"
            if self.saving or (self.step > 0 and self.step % saving == 0):
                self.saving = False
                self.save()
            self.control()
            if self.ending:
                return "person"
            lr = self.train_step()
            if self.step == 1 or self.step % self.recipe["logging"]["everySteps"] == 0 or self.step == self.steps:
                self.log(lr)


def main() -> None:
    try:
        run = Run(parse())
        reason = run.train()
        run.save()
        run.save_final()
        run.event("stopped", reason=reason)
        if run.main:
            run.board.close()
            print(f"{reason} after {run.step} steps, {run.tokens} tokens", flush=True)
        run.accelerator.end_training()
    except Refused as error:
        sys.exit(f"train.py: {error}")


if __name__ == "__main__":
    main()
