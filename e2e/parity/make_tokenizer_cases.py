"""Right values for the tokenizer cases of public reports: python e2e/parity/make_tokenizer_cases.py

T5 string merges, T6 characters that NFKC changes, T7 an added token beyond the table, T8 vocab.json with merges.txt, T9 a class of
tokenizer_config.json that is not the file's. Writes fixtures/tokenizer-cases.json beside this file.
"""
import json
import os
import tempfile
import unicodedata
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer
from transformers import AutoTokenizer, GPT2TokenizerFast

from make_tokenizer_kinds import BYTE_LEVEL, CORPUS, byte_bpe, make_strings, token, whole

OUT = Path(__file__).parent / "fixtures" / "tokenizer-cases.json"
TEXTS = ["hello world", "患者，男。", "It's <|endoftext|> a\n\n  test", *make_strings(9, 60)]


def ids(tokenizer: Tokenizer, texts: list[str] = TEXTS) -> list[list[int]]:
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def refusal(file: dict) -> str | None:
    try:
        Tokenizer.from_str(json.dumps(file))
    except Exception as error:
        return str(error)
    return None


def byte_level_file(added: list[dict] = []) -> dict:
    return whole({"added_tokens": added, "model": byte_bpe(), "pre_tokenizer": BYTE_LEVEL, "decoder": BYTE_LEVEL})


def merges_as_strings() -> list[dict]:
    bare = {"type": "BPE", "unk_token": "<unk>", "vocab": {"<unk>": 0, "a": 1, " ": 2, "b": 3, "a ": 4, "a b": 5, "a ba": 6}}
    cases = []
    for merges in [["a  ", "a  b", "a b a"], [["a", " "], ["a ", "b"], ["a b", "a"]], ["#version: 0.2", "a b"], ["ab"], [["a", "b", "a"]], ["a b", ["a ", "b"]], ["a x"]]:
        file = whole({"added_tokens": [], "model": {**bare, "merges": merges}})
        # "a b" joins to "ab", which the vocabulary must have.
        file["model"] = {**file["model"], "vocab": {**file["model"]["vocab"], "ab": 7}}
        why = refusal(file)
        cases.append({"file": file, "refused": why, "ids": None if why else Tokenizer.from_str(json.dumps(file)).encode("a ba").ids})
    return cases


def nfkc() -> list[dict]:
    texts = ["头痛，ＡＢ", "plain", "①½ﬁ", "か\u3099", "，？；：", *TEXTS]
    return [{"text": text, "changed": unicodedata.normalize("NFKC", text) != text} for text in texts]


def beyond_the_table() -> dict:
    file = byte_level_file()
    rows = len(file["model"]["vocab"])
    with_pad = byte_level_file([token("[PAD]", special=True)])
    texts = ["hello [PAD] world", "[PAD]", *TEXTS]
    return {"file": with_pad, "rows": rows, "texts": texts, "ids": ids(Tokenizer.from_str(json.dumps(file)), texts)}


def vocabulary_and_merges() -> dict:
    model = byte_bpe()
    vocab = {**model["vocab"], "<|endoftext|>": len(model["vocab"])}
    merges = "#version: 0.2\n" + "\n".join(" ".join(pair) for pair in model["merges"]) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.json").write_text(json.dumps(vocab))
        (Path(folder) / "merges.txt").write_text(merges)
        made = GPT2TokenizerFast(str(Path(folder) / "vocab.json"), str(Path(folder) / "merges.txt"))
    known = [made.encode(text, add_special_tokens=False) for text in TEXTS]
    return {"vocab": vocab, "merges": merges, "texts": TEXTS, "ids": known}


def classes() -> dict:
    """What AutoTokenizer makes of a byte-level file under several names of classes, and what is the truth."""
    file = byte_level_file([token("<|endoftext|>", special=True)])
    truth = ids(Tokenizer.from_str(json.dumps(file)))
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tokenizer.json").write_text(json.dumps(file))
        (Path(folder) / "config.json").write_text(json.dumps({"model_type": "llama"}))
        for name in ["LlamaTokenizerFast", "LlamaTokenizer", "GPT2TokenizerFast", "Qwen2Tokenizer", "PreTrainedTokenizerFast", "TokenizersBackend", None]:
            config = {"eos_token": "<|endoftext|>", **({"tokenizer_class": name} if name else {})}
            (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
            made = AutoTokenizer.from_pretrained(folder)
            rows = [made.encode(text, add_special_tokens=False) for text in TEXTS]
            results[str(name)] = {"class": type(made).__name__, "equal": sum(a == b for a, b in zip(rows, truth)), "of": len(TEXTS)}
    return results


def main() -> None:
    fixture = {"T5": merges_as_strings(), "T6": nfkc(), "T7": beyond_the_table(), "T8": vocabulary_and_merges(), "T9": classes()}
    OUT.write_text(json.dumps(fixture, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(json.dumps(fixture["T9"], indent=1), [(case["file"]["model"]["merges"], case["refused"], case["ids"]) for case in fixture["T5"]], OUT.stat().st_size)


if __name__ == "__main__":
    main()
