"""Loads an exported zip, or a model's folder, with transformers and compares logits:

    python e2e/parity/check_export.py EXPORT EXPECTED.json

EXPECTED.json: {"prompt": text} or {"ids": [ints]}, and optionally "logits" ([position][vocabulary], or the last position
alone), "tokenIds" (what the studio's tokenizer made of the prompt), "tokenLosses" (nll of every token but the first) and
"tolerance" (largest absolute difference, default 1e-3). Prints one JSON object with ids, the logits of the last position and what differed; exits 1 when something did.
"""
import argparse
import json
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

EXPECTED_FILES = ["README.md", "config.json", "generation_config.json", "metrics.csv", "metrics.jsonl", "model.safetensors", "recipe.json", "tokenizer.json"]


def unpack(archive: Path, folder: Path) -> list[str]:
    """Names that an export should have; a folder may be any model's."""
    if archive.is_dir():
        shutil.copytree(archive, folder, dirs_exist_ok=True)
        return EXPECTED_FILES
    with zipfile.ZipFile(archive) as zipped:
        broken = zipped.testzip()
        if broken is not None:
            raise SystemExit(f"{broken} is damaged in {archive}")
        zipped.extractall(folder)
        return zipped.namelist()


def check(archive: Path, expected: dict) -> tuple[dict, list[str]]:
    problems = []
    with tempfile.TemporaryDirectory() as temporary:
        names = unpack(archive, Path(temporary))
        problems += [f"{name} is missing from the export" for name in EXPECTED_FILES if name not in names]
        tokenizer = AutoTokenizer.from_pretrained(temporary)
        model, loading = AutoModelForCausalLM.from_pretrained(temporary, dtype=torch.float32, output_loading_info=True)
    for kind in ["missing_keys", "unexpected_keys", "mismatched_keys"]:
        if loading[kind]:
            problems.append(f"{kind}: {sorted(map(str, loading[kind]))}")
    ids = expected["ids"] if "ids" in expected else tokenizer(expected["prompt"], add_special_tokens=False)["input_ids"]
    if "tokenIds" in expected and expected["tokenIds"] != ids:
        problems.append(f"the tokenizer gives {ids}, expected {expected['tokenIds']}")
    model.eval()
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].double().numpy()
    difference = None
    if "logits" in expected:
        wanted = np.asarray(expected["logits"], dtype=np.float64)
        found = logits[-1] if wanted.ndim == 1 else logits
        if wanted.shape != found.shape:
            problems.append(f"logits have shape {list(found.shape)}, expected {list(wanted.shape)}")
        else:
            difference = float(np.abs(found - wanted).max())
            tolerance = expected.get("tolerance", 1e-3)
            if not difference <= tolerance:
                problems.append(f"logits differ by {difference}, more than {tolerance}")
    if "tokenLosses" in expected:
        nll = np.logaddexp.reduce(logits[:-1], axis=1) - logits[np.arange(len(ids) - 1), ids[1:]]
        wanted = np.asarray(expected["tokenLosses"], dtype=np.float64)
        difference = float(np.abs(nll - wanted).max()) if nll.shape == wanted.shape else float("inf")
        if not difference <= expected.get("tolerance", 1e-3):
            problems.append(f"token losses differ by {difference}: {wanted.tolist()} here, {nll.tolist()} in transformers")
    report = {"ids": ids, "logits": logits[-1].tolist(), "difference": difference, "problems": problems}
    return report, problems


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("export", type=Path)
    parser.add_argument("expected", type=Path)
    arguments = parser.parse_args()
    report, problems = check(arguments.export, json.loads(arguments.expected.read_text(encoding="utf-8")))
    print(json.dumps(report))
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
