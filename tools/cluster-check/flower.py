"""Checks an exported Flower app against the studio, by hand: a SuperLink and a SuperNode for each client, processes of one machine.

    npm run experiment -- recipe.json --out studio     (logging.everySteps 1)
    npm run export -- recipe.json --to flower --out folder
    python tools/cluster-check/flower.py folder studio/metrics.jsonl

Each node has a folder of its own, with the base and, where a channel is a client, the training text of its channel alone. Needs the
folder's requirements.txt, and ruff. Ends with 1 where a check fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from check import TOLERANCE, apart, check_python, failed, losses, of, read, report

BIN = Path(sys.executable).parent
QUIET = {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def clients_in(readme: str) -> list[tuple[int, str]]:
    """Client and channel, as the folder's README lists them."""
    return [(int(index), name) for index, name in re.findall(r"^\| (\d+) \| (.+?) \|", readme, re.M)]


def node_folder(folder: Path, place: Path, channel: str) -> Path:
    (place / "data" / "train").mkdir(parents=True)
    (place / "model").symlink_to(folder / "model")
    for path in (folder / "data" / "train").iterdir():
        if channel == "all channels" or path.name.startswith(f"{channel}."):
            (place / "data" / "train" / path.name).symlink_to(path)
    return place


def wait_for(port: int) -> None:
    for _ in range(120):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    sys.exit(f"nothing listens on port {port}")


def run_app(folder: Path, place: Path) -> list[dict[str, Any]]:
    environment = os.environ | QUIET | {"FLWR_HOME": str(place / "flower"), "PATH": f"{BIN}:{os.environ['PATH']}"}
    (place / "flower").mkdir(parents=True)
    (place / "flower" / "config.toml").write_text('[superlink.check]\naddress = "127.0.0.1:8765"\ninsecure = true\n', encoding="utf-8")
    server = place / "server"
    (server / "data").mkdir(parents=True)
    (server / "model").symlink_to(folder / "model")
    (server / "data" / "heldOut").symlink_to(folder / "data" / "heldOut")
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *command: str) -> None:
        log = (place / f"{name}.log").open("wb")
        started.append(subprocess.Popen([str(BIN / command[0]), *command[1:]], env=environment, stdout=log, stderr=log))

    try:
        link = ["--port", "8765", "--disable-runtime-dependency-installation"]
        start("superlink", "flower-superlink", "--insecure", *link)
        wait_for(8765)
        for index, channel in clients_in((folder / "README.md").read_text(encoding="utf-8")):
            own = node_folder(folder, place / f"node{index}", channel)
            config = ["--node-config", f'client={index} folder="{own}"', "--port", str(9200 + index)]
            health = ["--health-server-address", f"127.0.0.1:{9300 + index}"]
            start(f"node{index}", "flower-supernode", "--insecure", "--superlink", "127.0.0.1:8765", *config, *health)
        command = [str(BIN / "flwr"), "run", str(folder), "check", "--run-config", f"folder='{server}'"]
        subprocess.run(command, env=environment, check=True)
        metrics = server / "run" / "metrics.jsonl"
        until = time.time() + 900
        while time.time() < until:
            time.sleep(1)
            if metrics.exists() and '"stopped"' in metrics.read_text(encoding="utf-8"):
                return read(metrics)
        sys.exit(f"the app did not end; logs in {place}")
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait()


def main() -> None:
    folder, truth = Path(sys.argv[1]).resolve(), read(Path(sys.argv[2]))
    check_python(folder)
    place = Path(tempfile.mkdtemp())
    lines = run_app(folder, place)
    first, wanted = of(lines, "evaluation"), of(truth, "evaluation")
    held = apart(losses(first[0]), losses(wanted[0]))
    report("held-out losses before the first round", held < TOLERANCE, f"largest difference {held:.2e} nats")
    windows, others = of(lines, "window"), of(truth, "window")
    counts = [one["count"] == other["count"] for one, other in zip(windows, others, strict=True)]
    report("tokens of each channel in every round", all(counts), f"{sum(counts)} of {len(counts)} rounds equal")
    every = max(apart(one["loss"], other["loss"]) for one, other in zip(windows, others, strict=True))
    report("training losses of every round", every < TOLERANCE, f"largest difference {every:.2e} nats")
    norms = max(abs(one["gradNorm"] - other["gradNorm"]) for one, other in zip(windows, others, strict=True))
    report("norms of the server's step", norms < TOLERANCE, f"largest difference {norms:.1e}")
    end = max(apart(losses(one), losses(other)) for one, other in zip(first, wanted, strict=True))
    noisy = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))["federated"].get("privacy")
    report("held-out losses after rounds", end < TOLERANCE or bool(noisy), f"largest difference {end:.2e} nats")
    shutil.rmtree(place)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
