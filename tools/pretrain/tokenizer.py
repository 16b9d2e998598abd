"""Trains the byte-level BPE tokenizer of the base: python tools/pretrain/tokenizer.py --corpus DIR --out DIR"""
import argparse
import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from data import EOT, channel_of, read_pool, shuffled


def train(corpus: Path, out: Path) -> None:
    recipe = json.loads((Path(__file__).parent / "recipe.json").read_text())
    pool = read_pool(corpus / "pool", recipe)
    text: list[str] = []
    for channel, megabytes in recipe["tokenizer"]["megabytes"].items():
        for source, share in recipe["stages"][0]["sources"].items():
            if channel_of(source) != channel:
                continue
            budget = share * megabytes * 1e6
            for document in shuffled(pool[source], recipe["seed"]):
                if budget <= 0:
                    break
                text.append(document)
                budget -= len(document.encode())
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=recipe["tokenizer"]["vocab_size"],
        min_frequency=recipe["tokenizer"]["min_frequency"],
        special_tokens=[EOT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(text, trainer)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(out / "tokenizer.json"))
    (out / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": recipe["model"]["max_position_embeddings"],
                "bos_token": EOT,
                "eos_token": EOT,
                "unk_token": None,
                "clean_up_tokenization_spaces": False,
            },
            indent=2,
        )
        + "\n"
    )
    for channel in recipe["tokenizer"]["megabytes"]:
        sample = (corpus / "starter" / f"{channel}.eval.txt").read_text(encoding="utf-8")
        print(channel, "bytes per token", round(len(sample.encode()) / len(tokenizer.encode(sample).ids), 3))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    train(arguments.corpus, arguments.out)
