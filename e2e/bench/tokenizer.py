"""Speed of Hugging Face's `tokenizers` on the text that tokenizer.mjs measures: python e2e/bench/tokenizer.py

One thread (TOKENIZERS_PARALLELISM=false, document by document) and `encode_batch` on all cores; then training as the studio's.
"""
import json
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "pretrain"))

from data import split_documents  # noqa: E402
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers  # noqa: E402

CORPORA = ["zh", "en", "code", "domain"]


def documents(corpus: str) -> list[str]:
    entries = json.loads((ROOT / "public" / "corpora" / "manifest.json").read_text(encoding="utf-8"))["corpora"]
    entry = next(entry for entry in entries if entry["id"] == corpus)
    return split_documents((ROOT / "public" / "corpora" / entry["train"]).read_text(encoding="utf-8"), entry["separator"])


def speed(texts: list[str], path: Path, parallel: bool) -> tuple[float, float]:
    tokenizer = Tokenizer.from_file(str(path))
    size = sum(len(text.encode()) for text in texts)
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if parallel else "false"
    wall, processor = time.perf_counter(), time.process_time()
    tokenizer.encode_batch(texts, add_special_tokens=False)
    return size / 1e6 / (time.perf_counter() - wall), size / 1e6 / (time.process_time() - processor)


def main() -> None:
    texts = {corpus: documents(corpus) for corpus in CORPORA}
    paths = {"nano": ROOT / "public" / "models" / "nano" / "tokenizer.json"}
    for name in ["gpt2", "llama3", "qwen2", "llama2", "bert", "t5"]:
        paths[name] = ROOT / "e2e" / "parity" / "fixtures" / "tokenizers" / f"{name}.json"
    for name, path in paths.items():
        for parallel in [False, True]:
            rows = [speed(texts[corpus], path, parallel) for corpus in CORPORA]
            figures = "  ".join(f"{corpus} {row[0]:.1f}" for corpus, row in zip(CORPORA, rows))
            processor = len(rows) / sum(1 / row[1] for row in rows)
            print(f"{name}, {'all cores' if parallel else 'one thread'}: {figures} MB/s; {processor:.1f} MB a processor second", flush=True)

    every = [text for corpus in CORPORA for text in texts[corpus]]
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    word_piece = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    word_piece.normalizer = normalizers.BertNormalizer()
    word_piece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    unigram = Tokenizer(models.Unigram())
    unigram.normalizer = normalizers.NFKC()
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    for name, tokenizer, trainer in [
        (
            "byte-bpe",
            bpe,
            trainers.BpeTrainer(
                vocab_size=8449,
                special_tokens=["<|endoftext|>"],
                initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                show_progress=False,
            ),
        ),
        ("wordpiece", word_piece, trainers.WordPieceTrainer(vocab_size=16384, special_tokens=["[UNK]", "[SEP]"], show_progress=False)),
        (
            "unigram",
            unigram,
            trainers.UnigramTrainer(vocab_size=16384, special_tokens=["</s>", "<unk>"], unk_token="<unk>", show_progress=False),
        ),
    ]:
        wall, processor = time.perf_counter(), time.process_time()
        tokenizer.train_from_iterator(every, trainer)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        print(f"train {name}: {tokenizer.get_vocab_size()} ids in {wall:.1f} s, {processor:.1f} s of processor", flush=True)


if __name__ == "__main__":
    main()
