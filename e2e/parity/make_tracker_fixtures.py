"""Logs as trackers write them, for src/core/trackers: pip install tensorboard trackio pyarrow.

    python e2e/parity/make_tracker_fixtures.py            # writes the fixtures
    python e2e/parity/make_tracker_fixtures.py --check DIR  # reads what the studio wrote into DIR, by the trackers' own readers

`--check` expects tensorboard/, wandb/ and trackio/ as `trackerFiles` gives them for the run of tracker-export.test.ts
(`CROSSFADE_TRACKERS=DIR npx vitest run --project unit src/core/trackers` writes them).
"""
import argparse
import json
import math
import os
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "src" / "core" / "trackers" / "fixtures"
LOSSES = [3.0, 2.0, 2.5, float("nan"), float("inf"), 1.5]


def event_files():
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.summary.writer.record_writer import RecordWriter

    def write(name, events):
        with open(FIXTURES / name, "wb") as file:
            writer = RecordWriter(file)
            writer.write(Event(wall_time=1700000000.0, file_version="brain.Event:2").SerializeToString())
            for event in events:
                writer.write(event.SerializeToString())
            writer.flush()

    def simple(tag, step, value):
        return Event(wall_time=1700000000.5 + step, step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)]))

    write("torch.tfevents", [simple("train/loss", step * 10, value) for step, value in enumerate(LOSSES)] + [simple("eval/law_loss", 300, 2.25)])

    def tensor(tag, step, proto):
        return Event(wall_time=1700000000.5 + step, step=step, summary=Summary(value=[Summary.Value(tag=tag, tensor=proto)]))

    write(
        "tensorflow.tfevents",
        [
            tensor("loss", 1, TensorProto(dtype=1, tensor_shape=TensorShapeProto(), float_val=[2.5])),
            tensor("loss", 2, TensorProto(dtype=1, tensor_shape=TensorShapeProto(), tensor_content=struct.pack("<f", 1.25))),
            tensor("loss", 70000, TensorProto(dtype=2, tensor_shape=TensorShapeProto(), double_val=[0.1])),
            tensor("text", 3, TensorProto(dtype=7, tensor_shape=TensorShapeProto(), string_val=[b"no number"])),
        ],
    )


def trackio_table():
    os.environ["TRACKIO_DIR"] = str(FIXTURES / "trackio-home")
    import trackio
    from trackio.sqlite_storage import SQLiteStorage

    for name, losses in (("first", LOSSES), ("second", [1.0, 0.5])):
        run = trackio.init(project="fixture", name=name, config={"lr": 1e-3, "note": "两个"}, embed=False)
        for step, loss in enumerate(losses):
            run.log({"train/loss": loss, "eval/law/loss": loss + 1} if step % 2 == 0 else {"train/loss": loss}, step=step * 5)
        run.finish()
    SQLiteStorage.export_to_parquet()
    home = Path(os.environ["TRACKIO_DIR"])
    (FIXTURES / "trackio.parquet").write_bytes((home / "fixture.parquet").read_bytes())
    import shutil

    shutil.rmtree(home)


def check(folder):
    os.environ["TRACKIO_DIR"] = str(folder / "trackio-home")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))

    def same(tag, got):
        want = [(step, float(value)) for step, value in expected[tag]]
        assert len(got) == len(want), (tag, len(got), len(want))
        for (step, value), (wanted_step, wanted) in zip(got, want):
            assert step == wanted_step, (tag, step, wanted_step)
            close = math.isclose(value, wanted, rel_tol=1e-6) or (math.isnan(value) and math.isnan(wanted))
            assert close, (tag, step, value, wanted)

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    [run] = [path for path in (folder / "tensorboard").iterdir() if path.is_dir()]
    events = EventAccumulator(str(run))
    events.Reload()
    assert sorted(events.Tags()["scalars"]) == sorted(expected), events.Tags()
    for tag in expected:
        same(tag, [(event.step, event.value) for event in events.Scalars(tag)])
    print(f"tensorboard: {len(expected)} tags")

    [run] = [path for path in (folder / "wandb").iterdir() if path.is_dir()]
    rows = [json.loads(line) for line in (run / "wandb-history.jsonl").read_text(encoding="utf-8").splitlines()]
    for tag in expected:
        same(tag, [(row["_step"], float(row[tag])) for row in rows if tag in row])
    compile((run / "upload.py").read_text(encoding="utf-8"), "upload.py", "exec")
    print(f"wandb: {len(rows)} rows, upload.py compiles")

    import shutil

    home = Path(os.environ["TRACKIO_DIR"])
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    for file in (folder / "trackio").glob("*.parquet"):
        shutil.copy(file, home / file.name)
    from trackio.sqlite_storage import SQLiteStorage

    SQLiteStorage.import_from_parquet()
    [run] = SQLiteStorage.get_runs("crossfade")
    logs = SQLiteStorage.get_logs("crossfade", run if isinstance(run, str) else run["name"])
    for tag in expected:
        same(tag, [(row["step"], row[tag]) for row in logs if row.get(tag) is not None])
    print(f"trackio: {len(logs)} rows")
    shutil.rmtree(home)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", type=Path)
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.check)
        sys.exit()
    FIXTURES.mkdir(parents=True, exist_ok=True)
    event_files()
    trackio_table()
