"""Holds exported folders to the argument classes of the trainers that they are for: every name is one of the trainer's own, and
every choice is among its choices. By hand; nothing is installed and nothing of a trainer is run.

    pip download --no-deps -d wheels llamafactory==0.9.5 ms-swift==4.6.0 axolotl==0.19.0
    git clone --depth 1 https://github.com/NVIDIA/Megatron-LM
    python tools/cluster-check/arguments.py --wheels wheels --megatron Megatron-LM folder...

transformers must be importable: TrainingArguments are read from it.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import yaml
from transformers import Seq2SeqTrainingArguments

# Where each trainer keeps its arguments, and the classes of them that its pretraining takes.
SOURCES = {
    "llamafactory": r"^llamafactory/hparams/\w+_args\.py$",
    "ms_swift": r"^swift/(arguments|trainers)/.*\.py$",
    "axolotl": r"^axolotl/utils/schemas/\w+\.py$",
}
FOLDERS = {"LLaMA-Factory": "llamafactory", "ms-swift": "ms_swift", "axolotl": "axolotl"}


def fields_of(source: str) -> Iterator[tuple[str, list[object] | None]]:
    """Annotated names of all classes, with their choices where the annotation is a Literal."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ClassDef):
            continue
        for line in node.body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                literal = ast.unparse(line.annotation)
                found = re.fullmatch(r"(?:Optional\[)?Literal\[(.*?)\](?: \| None)?\]?", literal)
                yield line.target.id, list(ast.literal_eval(f"({found[1]},)")) if found else None


def arguments_of(wheel: Path, pattern: str) -> dict[str, list[object] | None]:
    # axolotl has a schema of its own; the others' classes are made of transformers'.
    inherited = () if "axolotl" in pattern else dataclasses.fields(Seq2SeqTrainingArguments)
    known: dict[str, list[object] | None] = {field.name: None for field in inherited}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if re.match(pattern, name):
                known.update(fields_of(archive.read(name).decode()))
    return known


def megatron_arguments(root: Path) -> set[str]:
    known: set[str] = set()
    for path in [*root.glob("megatron/training/**/*.py"), *root.glob("megatron/core/**/*.py")]:
        source = path.read_text(encoding="utf-8")
        known.update(re.findall(r"""['"]--([a-z][\w-]*)['"]""", source))
        # Arguments are also made of the fields of configurations.
        known.update(name.replace("_", "-") for name, _ in fields_of(source))
    return known


def check_yaml(folder: Path, known: dict[str, list[object] | None]) -> list[str]:
    values = yaml.safe_load((folder / "train.yaml").read_text(encoding="utf-8"))
    faults = [f"no argument {name}" for name in values if name not in known]
    for name, value in values.items():
        choices = known.get(name)
        if choices and value is not None and value not in choices:
            faults.append(f"{name} is {value!r}; choices: {choices}")
    # What PyYAML reads as a text would be no number to the trainer.
    for name in ("learning_rate", "adam_epsilon", "weight_decay", "max_grad_norm"):
        if not isinstance(values[name], (int, float)):
            faults.append(f"{name} is read as {type(values[name]).__name__}: {values[name]!r}")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--wheels", type=Path, required=True)
    parser.add_argument("--megatron", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    options = parser.parse_args()
    failed = False
    for folder in options.folders:
        title = (folder / "README.md").read_text(encoding="utf-8").splitlines()[0]
        if "Megatron-LM" in title:
            names = re.findall(r"^  --([\w-]+)", (folder / "train.sh").read_text(encoding="utf-8"), flags=re.M)
            known = megatron_arguments(options.megatron)
            faults = [f"no argument --{name}" for name in names if name not in known]
            count = len(names)
        else:
            distribution = next(name for label, name in FOLDERS.items() if title.endswith(label))
            (wheel,) = options.wheels.glob(f"{distribution}-*.whl")
            arguments = arguments_of(wheel, SOURCES[distribution])
            faults = check_yaml(folder, arguments)
            count = len(yaml.safe_load((folder / "train.yaml").read_text(encoding="utf-8")))
        print(f"{folder}: {count} arguments, {'; '.join(faults) or 'all of them known'}")
        failed = failed or bool(faults)
    sys.exit(failed)


if __name__ == "__main__":
    main()
