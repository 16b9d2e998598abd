# SPDX-License-Identifier: Apache-2.0
"""Trains the planned runs of a sweep with Ray Tune, and makes runs.csv of what any engine trained.

python sweep.py prepare                 token streams, once, before runs start side by side
python sweep.py ray --workers 2         a run a trial; metrics are those of metrics.jsonl
python sweep.py collect                 runs.csv from runs/<index>/metrics.jsonl
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def arguments(index: int, cpu: bool) -> argparse.Namespace:
    """Those of train.py for one run."""
    own = {"recipe": ROOT / "recipes" / f"{index}.json", "out": ROOT / "runs" / str(index), "cpu": cpu}
    rest = {"model": None, "teacher": None, "rows_per_device": None, "gradient_checkpointing": None, "compile": False}
    return argparse.Namespace(**own, **rest)


def trial(config: dict[str, Any]) -> None:
    """One run in this process; each evaluation and window is reported as train.py writes it."""
    sys.path.insert(0, str(ROOT))
    from ray import tune

    from train import Run

    class Reported(Run):
        def line(self, kind: str, row: dict[str, Any]) -> None:
            super().line(kind, row)
            if kind == "evaluation":
                tune.report(reported(row, self.recipe, self.evaluations))

    run = Reported(arguments(config["run"], config["cpu"]))
    reason = run.train()
    run.save_final()
    run.event("stopped", reason=reason)


def reported(row: dict[str, Any], recipe: dict[str, Any], evaluations: list[dict[str, Any]]) -> dict[str, Any]:
    """Losses by channel, retention, and `goal`: gain of the domain in nats, or under the halving's retention what is lacking of it."""
    base = evaluations[0]["channels"]
    losses = {f"loss_{name}": channel["loss"] for name, channel in row["channels"].items()}
    domain = [channel["id"] for channel in recipe["channels"] if channel["role"] == "domain" and channel["id"] in base]
    gain = sum(base[name]["loss"] - row["channels"][name]["loss"] for name in domain) / max(1, len(domain))
    kept, least = row["retention"], (read_json(ROOT / "sweep.json")["halving"] or {}).get("retention", 0.0)
    goal = gain if kept is None or kept >= least else kept - least - 1e3
    return {"training_step": row["step"], "retention": kept, "goal": goal, **losses}


def train_with_ray(options: argparse.Namespace) -> None:
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    prepare()
    sweep = read_json(ROOT / "sweep.json")
    ray.init(address=options.address, num_cpus=None if options.address else options.workers * options.cpus_per_run)
    # The search space is the plan: axes by grid, list, random or Sobol were laid out by the studio, with every seed.
    space = {"run": tune.grid_search([run["index"] for run in sweep["runs"]]), "cpu": options.gpus_per_run == 0}
    halving, scheduler = sweep["halving"], None
    if halving:
        steps = read_json(ROOT / "recipe.json")["budget"]["steps"]
        rungs = {"max_t": steps, "grace_period": halving["steps"], "reduction_factor": halving["reduction"]}
        scheduler = ASHAScheduler(time_attr="training_step", **rungs)
    tuner = tune.Tuner(
        tune.with_resources(trial, {"cpu": options.cpus_per_run, "gpu": options.gpus_per_run}),
        param_space=space,
        tune_config=tune.TuneConfig(metric="goal", mode="max", scheduler=scheduler, max_concurrent_trials=options.workers),
        run_config=tune.RunConfig(name="tune", storage_path=str(ROOT / "ray")),
    )
    results = tuner.fit()
    collect()
    for error in results.errors:
        print(f"a run broke: {error}", file=sys.stderr)
    best = results.get_best_result(filter_nan_and_inf=True)
    print(f"best by goal: run {best.config['run']}, {best.metrics['goal']:.4f}; all in runs.csv")


def prepare() -> None:
    from transformers import AutoTokenizer

    from data import place_of, read_texts

    class Alone:
        is_main_process = True

        def main_process_first(self) -> Any:
            from contextlib import nullcontext

            return nullcontext()

    files = read_json(ROOT / "data.json")
    base = place_of(files["model"], ROOT)
    read_texts(read_json(ROOT / "recipe.json"), files["channels"], AutoTokenizer.from_pretrained(base), ROOT, Alone())


def collect() -> None:
    """A row a run, as the studio writes it; a run that broke has losses nan, one that has not ended is left out."""
    sweep, channels = read_json(ROOT / "sweep.json"), [channel["id"] for channel in read_json(ROOT / "recipe.json")["channels"]]
    head = ["run", "seed", *sweep["columns"], "lr", "warmup", "tokens", *(f"share_{name}" for name in channels)]
    rows: list[list[Any]] = []
    base: dict[str, float] = {}
    for run in sweep["runs"]:
        path = ROOT / "runs" / str(run["index"]) / "metrics.jsonl"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
        ends = [line for line in lines if line.get("type") in ("stopped", "failed")]
        measured = [line["channels"] for line in lines if line["kind"] == "evaluation"]
        if not ends or not measured:
            continue
        recipe = read_json(ROOT / "recipes" / f"{run['index']}.json")
        steps, warmup = recipe["budget"]["steps"], recipe["schedule"]["warmup"]
        base = base or {name: one["loss"] for name, one in measured[0].items()}
        broke = ends[-1]["type"] == "failed"
        ratio = warmup["value"] if warmup["unit"] == "ratio" else warmup["value"] / steps
        tokens = steps * recipe["batchSize"] * recipe.get("gradientAccumulationSteps", 1) * recipe["sequenceLength"]
        shares = {channel["id"]: channel["share"] for channel in recipe["channels"]}
        losses = ["nan" if broke or name not in measured[-1] else measured[-1][name]["loss"] for name in channels]
        ms = sum(line["stepMs"] for line in lines if line["kind"] == "window")
        row = [run["index"], run["seed"], *(run["setting"].get(field, "") for field in sweep["columns"])]
        row += [recipe["schedule"]["peakLr"], ratio, tokens, *(shares.get(name, 0) for name in channels)]
        rows.append([*row, *losses, "failed" if broke else "finished", round(ms / 1000, 1)])
    blank = [""] * (len(head) - 1)
    first = ["base", *blank, *(base.get(name, "") for name in channels), "", ""]
    with (ROOT / "runs.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*head, *(f"loss_{name}" for name in channels), "state", "seconds"])
        writer.writerows([first, *rows])
    print(f"runs.csv: {len(rows)} of {len(sweep['runs'])} runs")


def main() -> None:
    parser = argparse.ArgumentParser(description="A sweep of Crossfade.")
    parser.add_argument("command", choices=("prepare", "ray", "collect"))
    parser.add_argument("--workers", type=int, default=1, help="runs side by side")
    parser.add_argument("--cpus-per-run", type=float, default=1)
    parser.add_argument("--gpus-per-run", type=float, default=0, help="0 trains on the CPU")
    parser.add_argument("--address", default=None, help="of a cluster of Ray; default: this machine")
    options = parser.parse_args()
    {"prepare": prepare, "ray": lambda: train_with_ray(options), "collect": collect}[options.command]()


if __name__ == "__main__":
    main()
