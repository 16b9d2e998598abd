"""Files of people's kinds with what Python reads from them, for workers/corpus/ingest: packed files, tars, Arrow, encodings, JSON, CSV.

    python e2e/parity/make_ingest_fixtures.py

Needs pyarrow 26, zstandard 0.25, datasets 5.2 and pandas 3.1. Small contents go to fixtures/ingest.json in base64, each with the texts
that the library in brackets reads; files of several parts go to fixtures/ingest/.
"""

import ast
import base64
import csv
import gzip
import io
import json
import shutil
import struct
import tarfile
import zlib
from pathlib import Path

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import zstandard

HERE = Path(__file__).parent / "fixtures"
FOLDER = HERE / "ingest"
CASES: list[dict] = []
ROWS = [{"text": f"第{at}行 row {at}, said “{'word ' * (at % 4)}”", "n": at} for at in range(12)]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
TEXTS = [row["text"] for row in ROWS]


def case(name: str, file: str, data: bytes, texts: list[str] | None, **more) -> None:
    CASES.append({"name": name, "file": file, "base64": base64.b64encode(data).decode(), "texts": texts, **more})


def zstd(data: bytes, **options) -> bytes:
    return zstandard.ZstdCompressor(**options).compress(data)


def zstd_window(data: bytes, log: int) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=log, write_content_size=False, write_checksum=True, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(data) + compressor.flush()


def packed() -> None:
    half = LINES.index(b"\n", len(LINES) // 2) + 1
    two = gzip.compress(LINES[:half], mtime=0) + gzip.compress(LINES[half:], mtime=0)
    assert gzip.decompress(two) == LINES
    case("gzip of two members", "rows.jsonl.gz", two, TEXTS, packing="gzip")
    case("gzip cut inside a line", "rows.jsonl.gz", gzip.compress(LINES[: half + 9], mtime=0) + gzip.compress(LINES[half + 9 :], mtime=0), TEXTS)
    case("gzip with a name, filled up with zeros", "rows.json.gz", gzip_named(LINES) + bytes(512), TEXTS)
    case("gzip without an inner name", "shard-00001.gz", gzip.compress(LINES, mtime=0), TEXTS)
    case("not packed, whatever the name says", "rows.jsonl.gz", LINES, TEXTS, packing=None)
    case("gzip of a text", "a.txt.gz", gzip.compress("one\n\n二".encode(), mtime=0), ["one", "二"])
    case("gzip of CSV", "a.csv.gz", gzip.compress(b"id,text\n1,one\n2,two\n", mtime=0), ["one", "two"])
    cut = gzip.compress(LINES, mtime=0)
    bad = bytearray(two)
    bad[-6] ^= 1
    case("gzip with a wrong check sum", "rows.jsonl.gz", bytes(bad), TEXTS, torn=True)
    case("gzip with other bytes behind it", "rows.jsonl.gz", two + b"<html>", TEXTS, torn=True)
    case("gzip cut short", "rows.jsonl.gz", two[: -len(gzip.compress(LINES[half:], mtime=0)) + 30], None, torn=True, least=half_rows(half))

    params = {"level": 3, "write_checksum": True}
    skip = struct.pack("<II", 0x184D2A53, 5) + b"notes"
    frames = zstd(LINES[:half], **params) + skip + zstd(LINES[half:], level=1, write_content_size=False) + skip
    case("zstd of two frames and skippable ones", "rows.jsonl.zst", frames, TEXTS, packing="zstd")
    case("zstd that begins with a skippable frame", "rows.ndjson.zst", skip + zstd(LINES), TEXTS)
    case("zstd --long=27", "rows.jsonl.zst", zstd_window(LINES, 27), TEXTS)
    case("zstd --long=28", "rows.jsonl.zst", zstd_window(LINES, 28), None, refused="archive-window")
    dictionary = zstandard.train_dictionary(2048, [json.dumps({"text": "word " * at, "n": at}).encode() for at in range(2000)])
    case("zstd with a dictionary", "rows.jsonl.zst", zstd(LINES, dict_data=dictionary), None, refused="archive-dictionary")
    bad = bytearray(frames)
    bad[zstd(LINES[:half], **params).__len__() - 1] ^= 1
    case("zstd with a wrong check sum", "rows.jsonl.zst", bytes(bad), None, torn=True, least=half_rows(half))
    case("zstd cut short", "rows.jsonl.zst", frames[: -len(skip) - 20], None, torn=True, least=half_rows(half))


def half_rows(half: int) -> int:
    return LINES[:half].count(b"\n")


def gzip_named(data: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile("rows.json", "wb", fileobj=out, mtime=1) as file:
        file.write(data)
    return out.getvalue()


def tars() -> None:
    long = "/".join(["a folder with a long name"] * 6) + "/document.txt"
    for name, form in [("ustar", tarfile.USTAR_FORMAT), ("pax", tarfile.PAX_FORMAT), ("gnu", tarfile.GNU_FORMAT)]:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as archive:
            folder = tarfile.TarInfo("texts")
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
            link = tarfile.TarInfo("texts/link.txt")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
            for path, data in [
                ("texts/a.txt", b"one\n\nstill one"),
                ("./texts/文.txt" if form != tarfile.USTAR_FORMAT else "./texts/b.txt", "二".encode()),
                (long, b"three"),
                ("rows.jsonl", LINES),
                ("rows.jsonl.gz", gzip.compress(b'{"text":"packed inside"}\n', mtime=0)),
                ("../evil.txt", b"evil"),
                ("picture.png", b"png"),
                ("empty.txt", b""),
            ]:
                info = tarfile.TarInfo(path)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        texts = ["one\n\nstill one", "二", "three", *TEXTS, "packed inside"]
        case(f"tar, {name}", "a.tar", shrink(out.getvalue()), texts, zlib=True)
        if name == "pax":
            case("tar.gz", "a.tar.gz", gzip.compress(out.getvalue(), mtime=0), texts)
            case("tgz", "a.tgz", gzip.compress(out.getvalue(), mtime=0), texts)
            case("tar.zst", "a.tar.zst", zstd(out.getvalue()), texts)
            cut = out.getvalue()[: out.getvalue().index(b"rows.jsonl") + 700]
            case("tar cut short", "a.tar", shrink(cut), None, zlib=True, torn=True, least=3)


def shrink(data: bytes) -> bytes:
    return zlib.compress(data)


def arrow() -> None:
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    FOLDER.mkdir()
    table = {
        "n": list(range(12)),
        "text": [None if at == 5 else text for at, text in enumerate(TEXTS)],
        "channel": pa.array([["law", "news"][at % 2] for at in range(12)]).dictionary_encode(),
        "meta": [{"body": f"body {at}", "tags": ["x", "y"]} for at in range(12)],
    }
    texts = [text for at, text in enumerate(TEXTS) if at != 5]
    for codec in ["uncompressed", "lz4", "zstd"]:
        path = FOLDER / f"{codec}.feather"
        feather.write_feather(pa.table(table), path, compression=codec, chunksize=5)
        case(f"feather, {codec}", f"{codec}.feather", path.read_bytes(), texts, channel=["law", "news"])
        path.unlink()
    # Linked blocks of 64 KB, each of which refers to the one before it.
    long = "".join(f"{at % 97} sentence number {at % 101}. " for at in range(12_000))
    path = FOLDER / "long.feather"
    feather.write_feather(pa.table({"text": [long, long[::-1]]}), path, compression="lz4")
    case("feather, lz4 of linked blocks", "long.feather", shrink(path.read_bytes()), None, zlib=True, lengths=[len(long), len(long)], crcs=[zlib.crc32(long.encode()), zlib.crc32(long[::-1].encode())])
    path.unlink()
    out = io.BytesIO()
    large = pa.table({"text": pa.array(TEXTS, pa.large_string()), "n": pa.array(range(12), pa.int64())})
    with pa.ipc.new_stream(out, large.schema) as writer:
        writer.write_table(large, max_chunksize=5)
    case("arrow stream of large strings", "data.arrow", out.getvalue(), TEXTS)
    case("arrow stream cut short", "data.arrow", out.getvalue()[:-200], None, torn=True, least=5)
    out = io.BytesIO()
    view = pa.table({"text": pa.array(TEXTS, pa.string_view())})
    with pa.ipc.new_stream(out, view.schema) as writer:
        writer.write_table(view)
    case("arrow stream of string views", "data.arrow", out.getvalue(), TEXTS)
    both = datasets.DatasetDict({name: datasets.Dataset.from_dict({"text": TEXTS[part], "n": list(range(12))[part]}) for name, part in [("train", slice(0, 9)), ("test", slice(9, 12))]})
    both.save_to_disk(FOLDER / "saved", num_shards={"train": 2, "test": 1})
    for info in FOLDER.rglob("state.json"):
        state = json.loads(info.read_text())
        assert "_data_files" in state


def parquet() -> None:
    def write(name: str, table: pa.Table, texts: list[str] | None, **more) -> None:
        options = more.pop("options", {})
        out = io.BytesIO()
        pq.write_table(table, out, **options)
        case(f"parquet, {name}", "a.parquet", out.getvalue(), texts, **more)

    def column(kind: pa.DataType) -> pa.Table:
        return pa.table({"text": pa.array(TEXTS, kind)})

    write("large_string", column(pa.large_string()), TEXTS)
    write("binary", pa.table({"text": pa.array([text.encode() for text in TEXTS], pa.binary())}), TEXTS)
    write("data page v2, no dictionary", column(pa.string()), TEXTS, options={"data_page_version": "2.0", "use_dictionary": False, "compression": "zstd"})
    write("byte stream of deltas", column(pa.string()), TEXTS, options={"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}})
    write("delta lengths", column(pa.string()), TEXTS, options={"use_dictionary": False, "column_encoding": {"text": "DELTA_LENGTH_BYTE_ARRAY"}})
    write("small pages", column(pa.string()), TEXTS, options={"data_page_size": 32, "write_batch_size": 2, "use_dictionary": False, "write_page_index": True})
    write("struct", pa.table({"id": list(range(12)), "meta": [{"text": text, "lang": "zh"} for text in TEXTS]}), TEXTS, columns=["id", "meta", "meta.text", "meta.lang"])
    write("list of strings", pa.table({"id": list(range(3)), "parts": [TEXTS[:2], None, TEXTS[2:4]]}), ["\n\n".join(TEXTS[:2]), "\n\n".join(TEXTS[2:4])], columns=["id", "parts", "parts[]"])
    messages = [[{"role": "user", "content": text}, {"role": "assistant", "content": f"re: {text}"}] for text in TEXTS[:3]]
    write("messages", pa.table({"messages": messages}), [f"user: {text}\nassistant: re: {text}" for text in TEXTS[:3]])


def encodings() -> None:
    samples = {
        "windows-1252": "Le café était fermé; l’élève préférait déjà rêver à l’été — naïvement.\n\n«Où êtes-vous?» répondit-elle… Ça coûte 5 €.",
        "big5": "臺灣的天氣一向很好，我們常常去海邊走走。\n\n這是第二段文字，說明為什麼要學習這個問題。",
        "shift_jis": "吾輩は猫である。名前はまだ無い。\n\nどこで生れたかとんと見当がつかぬ。",
        "euc_jp": "吾輩は猫である。名前はまだ無い。\n\nどこで生れたかとんと見当がつかぬ。",
        "euc_kr": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.\n\n사람은 이성과 양심을 부여받았다.",
        "gb18030": "患者主诉头痛三天，伴有恶心和呕吐。\n\n既往有高血压病史，长期服用药物治疗。",
        "windows-1251": "Все люди рождаются свободными и равными в своём достоинстве и правах.\n\nОни наделены разумом и совестью.",
        "utf-16-le": "所有人生而自由，在尊严和权利上一律平等。\n\n他们赋有理性和良心。",
        "utf-16-be": "Plain words of English.\n\nAnd more of them.",
    }
    labels = {"euc_jp": "euc-jp", "euc_kr": "euc-kr", "utf-16-le": "utf-16le", "utf-16-be": "utf-16be"}
    for python, text in samples.items():
        case(f"text in {python}", "a.txt", text.encode(python), text.split("\n\n"), encoding=labels.get(python, python))
    english = "The quick brown fox jumps over the lazy dog, and then it does so again.\n\n" * 60
    chinese = "这是一段用来测试的中文文字，里面没有别的东西。\n\n" * 60

    def replaced(name: str, data: bytes) -> None:
        text = data.decode("utf-8", "replace").replace("\0", "").lstrip("\ufeff")
        parts = [part for part in text.split("\n\n") if part.strip()]
        case(name, "a.txt", shrink(data), parts, zlib=True, encoding="utf-8", undecodable=text.count("\ufffd"), nuls=data.count(0))

    for text in [english, chinese]:
        data = text.encode()
        replaced("one NUL in UTF-8, even", data[:1000] + b"\0" + data[1000:])
        replaced("one NUL in UTF-8, odd", data[:1001] + b"\0" + data[1001:])
    data = chinese.encode()
    replaced("UTF-8 that begins inside a character", data[1:])
    replaced("UTF-8 that ends inside a character", data[:-3])
    replaced("UTF-8 with a byte missing", data[:1500] + data[1501:])
    replaced("a short piece that begins inside a character", "中文字".encode()[1:])
    replaced("UTF-8 with one Latin-1 é", ("“Curly” quotes. " + english).encode()[:3000] + b"\xe9" + english.encode()[:1000])
    dash = "english – only"
    case("ASCII with a dash of windows-1252", "a.txt", dash.encode("windows-1252"), [dash], encoding="windows-1252")
    case("line ends of CR alone", "a.txt", b"one\rstill one\r\rtwo\r", ["one\nstill one", "two"])
    case("CSV with line ends of CR alone", "a.csv", b"id,text\r1,one\r2,two\r", [row["text"] for row in csv.DictReader(io.StringIO("id,text\r1,one\r2,two\r", newline=""))])
    case("lines of blanks part documents", "a.txt", "一\n　\n二\n \t\n三\n\xa0\n四".encode(), ["一", "二", "三", "四"])
    bom = "\ufeff"
    case("byte order marks of joined text", "a.txt", f"{bom}one\n\n{bom}two\n".encode(), ["one", "two"])
    case("byte order marks of joined CSV", "a.csv", f"{bom}text\n{bom}one\ntwo\n".encode(), ["one", "two"])


def values() -> None:
    case("NaN and Infinity", "a.jsonl", b'{"text":"delta","score":NaN}\n{"text":"NaN, \\"Infinity\\"","score":-Infinity}\n', [json.loads(line)["text"] for line in ['{"text":"delta","score":NaN}', '{"text":"NaN, \\"Infinity\\"","score":-Infinity}']])
    case("NaN in an array", "a.json", b'[{"text":"a","score":NaN},{"text":"b"}]', [row["text"] for row in json.loads('[{"text":"a","score":NaN},{"text":"b"}]')])
    mark = b"\xef\xbb\xbf"
    case("byte order marks of joined JSON Lines", "a.jsonl", mark + b'{"text":"a"}\n' + mark + b'{"text":"b"}\n{"text":"c"}\n', ["a", "b", "c"])
    frame = pd.DataFrame({"id": [3, 4], "text": ["first, 一", "second"]})
    for orient in ["columns", "index", "split", "values", "records", "table"]:
        written = frame.to_json(orient=orient, force_ascii=False)
        case(f"pandas {orient}", "a.json", written.encode(), list(frame["text"]))
    named = pd.DataFrame({"text": ["first", "second"], "label": ["x", "y"]}, index=["a", "b"])
    case("pandas index, named", "a.json", named.to_json(orient="index").encode(), list(named["text"]))
    case("pandas columns, named", "a.json", named.to_json().encode(), list(named["text"]))
    rows = [{"text": "a } {", "n": [1, {"x": None}]}, {"text": 'b "quoted"'}, {"text": "三"}]
    texts = [row["text"] for row in rows]
    dump = lambda row, **more: json.dumps(row, ensure_ascii=False, **more)
    case("objects one after another", "a.jsonl", "".join(map(dump, rows)).encode(), texts)
    case("objects one after another, as .json", "a.json", " ".join(map(dump, rows)).encode(), texts)
    case("pretty-printed objects", "a.jsonl", "\n".join(dump(row, indent=2) for row in rows).encode(), texts)
    case("pretty-printed objects, as .json", "a.json", "\n".join(dump(row, indent=2) for row in rows).encode(), texts)
    case("pretty-printed array", "a.jsonl", dump(rows, indent=2).encode(), texts)
    case("array with a line for each", "a.jsonl", ("[\n" + ",\n".join(map(dump, rows)) + "\n]\n").encode(), texts)
    case("a comma after each object", "a.jsonl", ",\n".join(map(dump, rows)).encode(), texts)
    case("RFC 7464", "a.jsonl", "".join(f"\x1e{dump(row)}\n" for row in rows).encode(), texts)
    case("RFC 7464 on several lines", "a.json", "".join(f"\x1e{dump(row, indent=1)}\n" for row in rows).encode(), texts)
    case("lines of strings", "a.jsonl", "\n".join(map(dump, texts)).encode(), texts)
    case("lines of arrays", "a.jsonl", "\n".join(dump([at, text]) for at, text in enumerate(texts)).encode(), texts)
    odd = [*rows, {"text": "it's \"both\"\n\t\\ \x07é", "t": (1, 2.5), "b": True}]
    lines = [repr(row) for row in odd]
    case("Python's dictionaries", "a.jsonl", "\n".join(lines).encode(), [ast.literal_eval(line)["text"] for line in lines])
    case("a list of Python's dictionaries", "a.json", repr(odd).encode(), [row["text"] for row in ast.literal_eval(repr(odd))])
    case("one nested record a line", "a.jsonl", "\n".join(dump({"data": {"text": text, "id": "x"}}) for text in texts).encode(), texts)
    case("no JSON at all", "a.jsonl", b"just some words\nand more of them\n", None, refused="json-shape")
    backslash = 'id,text\n1,"he said \\"hi\\", then left"\n2,"plain"\n3,a\\\\b\n'
    case("CSV with backslashes", "a.csv", backslash.encode(), [row[1] for row in csv.reader(io.StringIO(backslash), escapechar="\\", doublequote=False)][1:])
    doubled = 'id,text\n1,"a ""quoted"" word"\n2,"C:\\"\n3,"over\ntwo lines"\n'
    case("CSV with doubled quotes", "a.csv", doubled.encode(), [row[1] for row in csv.reader(io.StringIO(doubled))][1:])
    case("CSV with a quote never closed", "a.csv", b'id,text\n1,"never closed quote\n2,next row\n3,"another"\n', ["next row", "another"], bad=[[2, "quote"]])
    case("CSV with a quote open to the end", "a.csv", b'id,text\n1,one\n2,"open\n3,three\n', ["one", "three"], bad=[[3, "quote"]])


def conversations() -> None:
    def lines(rows: list[dict]) -> bytes:
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()

    said = [("user", "What is it?"), ("assistant", "A cat.\nReally.")]
    joined = "user: What is it?\nassistant: A cat.\nReally."
    case("messages", "a.jsonl", lines([{"id": 1, "messages": [{"role": role, "content": text} for role, text in said]}]), [joined])
    parts = [{"role": role, "content": [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": "x"}}]} for role, text in said]
    case("messages of parts", "a.jsonl", lines([{"messages": parts}]), [joined])
    share = [{"from": name, "value": text} for name, (_, text) in zip(["human", "gpt"], said)]
    case("ShareGPT", "a.json", json.dumps([{"id": "x", "conversations": share}]).encode(), [joined])
    case("ShareGPT with a system prompt", "a.jsonl", lines([{"system": "Be kind.", "conversations": share}]), [f"system: Be kind.\n{joined}"])
    case("a list of messages a line", "a.jsonl", lines([[{"role": role, "content": text} for role, text in said]]), [joined])
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]}
    case("a message without text", "a.jsonl", lines([{"messages": [{"role": "user", "content": "Hi"}, call, {"role": "assistant", "content": "Done"}]}]), ["user: Hi\nassistant: Done"])
    alpaca = [{"instruction": "Translate", "input": "猫", "output": "cat"}, {"instruction": "Say hi", "input": "", "output": "hi"}]
    case("Alpaca", "a.json", json.dumps(alpaca).encode(), ["user: Translate\n猫\nassistant: cat", "user: Say hi\nassistant: hi"])
    case("prompt and completion", "a.jsonl", lines([{"prompt": "1+1=", "completion": "2"}]), ["user: 1+1=\nassistant: 2"])
    both = [{"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Ho"}]}]
    case("prompt and completion of messages", "a.jsonl", lines(both), ["user: Hi\nassistant: Ho"])
    case("question and answer", "a.jsonl", lines([{"question": "Who?", "answer": "Nobody at all, as far as anybody knows."}]), ["user: Who?\nassistant: Nobody at all, as far as anybody knows."])
    case("question and answer, CSV", "a.csv", "问题,答案\n谁？,没有人\n".encode(), ["user: 谁？\nassistant: 没有人"])
    qas = [{"question": "Who?", "id": "1", "answers": [{"text": "Ann", "answer_start": 0}, {"text": "Ann B.", "answer_start": 0}]}, {"question": "Why?", "id": "2", "answers": [], "is_impossible": True}]
    squad = {"version": "1.1", "data": [{"title": "T", "paragraphs": [{"context": "Ann came.", "qas": qas}, {"context": "So.", "qas": []}]}]}
    case("SQuAD", "a.json", json.dumps(squad).encode(), ["Ann came.\nquestion: Who?\nanswer: Ann\nquestion: Why?\n\nSo."])
    flat = {"id": "1", "title": "T", "context": "Ann came.", "question": "Who?", "answers": {"text": ["Ann", "Ann B."], "answer_start": [0, 0]}}
    case("SQuAD, a row a question", "a.jsonl", lines([flat]), ["user: Ann came.\nWho?\nassistant: Ann"])
    case("a title and paragraphs", "a.json", json.dumps([{"title": "A title that is rather long", "paragraphs": [{"text": "one"}, {"text": "two"}]}]).encode(), ["one\n\ntwo"])
    case("instructions with a text of their own", "a.jsonl", lines([{"instruction": "a", "output": "b", "text": "joined already"}]), ["joined already"])


def main() -> None:
    for make in [packed, tars, arrow, parquet, encodings, values, conversations]:
        make()
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in CASES)
    (HERE / "ingest.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(len(CASES), "cases", (HERE / "ingest.json").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
