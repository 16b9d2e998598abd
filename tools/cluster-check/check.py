"""Checks an exported folder against the studio, by hand: two processes over gloo on the CPU. Never part of npm test.

    npm run experiment -- recipe.json --out studio     (logging.everySteps 1, about 30 steps)
    npm run export -- recipe.json --to transformers --out folder
    python tools/cluster-check/check.py folder studio/metrics.jsonl [--studio-only]

Each check prints what it measured; the script ends with 1 when one of them fails. Needs the folder's requirements.txt, and ruff.
"""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TOLERANCE = 1e-4
Lines = list[dict[str, Any]]
failed: list[str] = []


def report(name: str, good: bool, measured: str) -> None:
    print(f"{'ok    ' if good else 'FAILED'} {name}: {measured}", flush=True)
    if not good:
        failed.append(name)


def read(path: Path) -> Lines:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def of(lines: Lines, kind: str) -> Lines:
    return [line for line in lines if line["kind"] == kind]


def start(folder: Path, out: str, processes: int, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command += ["train.py", "--cpu", "--out", out, *more]
    log = (folder / f"{out}.log").open("a", encoding="utf-8")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, text=True, env=environment)


def train(folder: Path, out: str, processes: int, *more: str) -> Lines:
    if start(folder, out, processes, *more).wait() != 0:
        print((folder / f"{out}.log").read_text(encoding="utf-8")[-3000:])
        sys.exit(f"{out} did not end well")
    return read(folder / out / "metrics.jsonl")


def apart(one: dict[str, Any], other: dict[str, Any]) -> float:
    return max(abs(one[name] - other[name]) for name in one if one[name] is not None)


def losses(evaluation: dict[str, Any]) -> dict[str, float]:
    return {name: channel["loss"] for name, channel in evaluation["channels"].items()}


def against(name: str, lines: Lines, truth: Lines, recipe: dict[str, Any]) -> None:
    """Losses before training, rows of every batch, and losses of every batch and at the end, which all gradients are in."""
    first, last = of(lines, "evaluation"), of(truth, "evaluation")
    held = apart(losses(first[0]), losses(last[0]))
    report(f"{name}: held-out losses before training", held < TOLERANCE, f"largest difference {held:.2e} nats")
    windows, wanted = of(lines, "window"), of(truth, "window")
    counts = [one["count"] == other["count"] for one, other in zip(windows, wanted, strict=False)]
    report(f"{name}: tokens of each channel in every batch", all(counts), f"{sum(counts)} of {len(counts)} batches equal")
    batch = apart(windows[0]["loss"], wanted[0]["loss"])
    report(f"{name}: losses of the first batch", batch < TOLERANCE, f"largest difference {batch:.2e} nats")
    rates = max(abs(one["lr"] - other["lr"]) for one, other in zip(windows, wanted, strict=False))
    report(f"{name}: learning rates", rates < 1e-12, f"largest difference {rates:.1e}")
    every = max(apart(one["loss"], other["loss"]) for one, other in zip(windows, wanted, strict=False))
    end = apart(losses(first[-1]), losses(last[-1]))
    # An adapter begins with numbers of torch's own, which are not the studio's.
    close = max(every, end) < TOLERANCE or "lora" in str(recipe.get("method"))
    report(
        f"{name}: losses of {len(windows)} batches, and held-out losses at the end",
        close,
        f"differ by {every:.2e} and {end:.2e} nats at most",
    )


def check_python(folder: Path) -> None:
    for path in sorted(folder.glob("*.py")):
        py_compile.compile(str(path), doraise=True)
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=folder, capture_output=True, text=True, check=False)
        report(f"ruff {' '.join(command)}", done.returncode == 0, done.stdout.strip().splitlines()[-1])


def check_files(folder: Path) -> None:
    check_python(folder)
    lines = len((folder / "train.py").read_text(encoding="utf-8").splitlines())
    report("train.py is short", lines <= 350, f"{lines} lines")


def check_configs(folder: Path) -> None:
    """Through the readers of accelerate and, where it is installed, of DeepSpeed."""
    from accelerate.commands.config.config_args import load_config_from_file

    for path in sorted((folder / "configs").glob("*.yaml")):
        config = load_config_from_file(str(path))
        report(f"accelerate reads {path.name}", config.num_processes > 0, str(config.distributed_type))
    try:
        from deepspeed.runtime.config import DeepSpeedConfig
    except ImportError:
        print("       DeepSpeed is not installed: configs/zero*.json were not read")
        return
    for path in sorted((folder / "configs").glob("*.json")):
        given = json.loads(path.read_text(encoding="utf-8"))
        whole = given | {key: 1 for key in ("gradient_accumulation_steps", "train_micro_batch_size_per_gpu", "train_batch_size")}
        read_back = DeepSpeedConfig(whole)
        good = (
            read_back.zero_optimization_stage == given["zero_optimization"]["stage"]
            and read_back.gradient_clipping == given["gradient_clipping"]
        )
        report(f"DeepSpeed reads {path.name}", good, f"stage {read_back.zero_optimization_stage}, clipping {read_back.gradient_clipping}")


def ranks_of(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return sorted(int(child) for child in children if b"train.py" in Path(f"/proc/{child}/cmdline").read_bytes())


def check_kill(folder: Path, whole: Lines, save: int) -> None:
    """SIGKILL of rank 1 behind the first checkpoint; the same command then goes on to the same end."""
    run = start(folder, "killed", 2)
    while not list((folder / "killed" / "checkpoints").glob("*/cursor.json")):
        time.sleep(0.2)
        if run.poll() is not None:
            report("kill and resume", False, f"the run ended before step {save}")
            return
    os.kill(ranks_of(run.pid)[-1], signal.SIGKILL)
    run.wait()
    stopped = of(read(folder / "killed" / "metrics.jsonl"), "window")[-1]["step"]
    lines = train(folder, "killed", 2)
    end, steps = (
        apart(losses(of(lines, "evaluation")[-1]), losses(of(whole, "evaluation")[-1])),
        [row["step"] for row in of(lines, "window")],
    )
    report("killed and resumed: the same end", end < 1e-9, f"killed behind step {stopped}; held-out losses at the end differ by {end:.1e}")
    report("killed and resumed: every step once", steps == [row["step"] for row in of(whole, "window")], f"{len(steps)} lines")


def check_control(folder: Path, whole: Lines, at: int) -> None:
    """Nonsense is refused with a sentence while training goes on; then a share and a rate are set at one step on both ranks."""
    out = folder / "faded"
    out.mkdir(exist_ok=True)
    (out / "control.json").write_text('{"shares": {"nowhere": 0.5}}', encoding="utf-8")
    run = start(folder, "faded", 2)
    while not (out / "metrics.jsonl").exists() or "refused" not in (out / "metrics.jsonl").read_text(encoding="utf-8"):
        time.sleep(0.1)
        if run.poll() is not None:
            sys.exit((folder / "faded.log").read_text(encoding="utf-8")[-3000:])
    recipe = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
    name = recipe["channels"][-1]["id"]
    wanted = 3 / (3 + 1 - recipe["channels"][-1]["share"])
    wish = {"shares": {name: 3.0}, "schedule": {"peakLr": 1e-4}, "step": at}
    (out / "new").write_text(json.dumps(wish), encoding="utf-8")
    (out / "new").replace(out / "control.json")
    run.wait()
    lines = read(out / "metrics.jsonl")
    refusal = next(line for line in lines if line.get("type") == "refused")
    report("nonsense in control.json", of(lines, "window")[-1]["step"] == recipe["budget"]["steps"], refusal["sentence"])
    pairs = list(zip(of(lines, "window"), of(whole, "window"), strict=True))
    before = [apart(one["loss"], other["loss"]) for one, other in pairs if one["step"] <= at]
    same = [one["step"] for one, other in pairs if one["count"] == other["count"]]
    told = json.loads((out / "changes.json").read_text(encoding="utf-8"))
    first = next((one["step"] for one, other in pairs if one["lr"] != other["lr"]), None)
    report("control.json: the same until then", max(before) < 1e-9, f"losses of steps 1 to {at} differ by {max(before):.1e}")
    report(
        "control.json: rate and shares from then on",
        first == at + 1,
        f"first step with the new rate {first}, recorded before step {told[0]['step'] + 1}",
    )
    share = sum(one["count"][name] for one, _ in pairs if one["step"] > at) / sum(
        sum(one["count"].values()) for one, _ in pairs if one["step"] > at
    )
    report(
        "control.json: share drawn",
        abs(share - wanted) < 0.03,
        f"{name} had {share:.3f} of the tokens, set was {wanted:.3f}; {len(same)} batches as before",
    )


def main() -> None:
    folder, truth = Path(sys.argv[1]).resolve(), read(Path(sys.argv[2]))
    for name in ("two", "one", "killed", "faded"):
        shutil.rmtree(folder / name, ignore_errors=True)
    recipe = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
    check_files(folder)
    check_configs(folder)
    two = train(folder, "two", 2)
    against("2 processes against the studio", two, truth, recipe)
    if "--studio-only" in sys.argv:
        sys.exit(1 if failed else 0)
    one = train(folder, "one", 1)
    pairs = list(zip(of(one, "window"), of(two, "window"), strict=True))
    worst = max(apart(left["loss"], right["loss"]) for left, right in pairs)
    report(
        "1 against 2 processes: losses of every batch", worst < TOLERANCE, f"largest difference {worst:.2e} nats over {len(pairs)} steps"
    )
    held = max(apart(losses(left), losses(right)) for left, right in zip(of(one, "evaluation"), of(two, "evaluation"), strict=True))
    report("1 against 2 processes: held-out losses", held < TOLERANCE, f"largest difference {held:.2e} nats")
    check_kill(folder, two, recipe["saving"]["everySteps"])
    check_control(folder, two, 20)
    print(f"{len(failed)} failed" if failed else "all hold")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
