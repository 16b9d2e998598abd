"""Makes the fixtures of GGUF files: with PyPI's `gguf` (writer, dequantisation, quantisation, llama.cpp's table of tensor names), and
ids by Hugging Face's `tokenizers`.

    pip install torch transformers gguf
    python e2e/parity/make_gguf_fixtures.py

- quants.gguf has a tensor of each type that is read; quants.json the SHA-256 of its values in float32 as `gguf.dequantize` gives them.
- tokenizers/<kind>.gguf has a small tokenizer's metadata and no tensor; tokenizers.json the ids of odd texts.
- tiny-q4_1.gguf is a whole Llama of two layers with the smollm tokenizer; tiny-q4_1.json its losses as transformers loads it.
- families.json has, for each model of fixtures/families, the SHA-256 of every tensor's bytes as llama.cpp's converter would write them
  in F16 and Q8_0, under the names of `gguf.get_tensor_name_map`.
"""
import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import load_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

FIXTURES = Path(__file__).parent / "fixtures"
FOLDER = FIXTURES / "gguf"
FAMILIES = FIXTURES / "families"
TEXTS = [
    "Hello world", " Hello", "  two spaces", "a  b   c    d", "trailing ", "\n", "\n\n\nlines\r\n\r\nmore\t\ttabs", "don't WON'T they'll We'Re I'VE",
    "12345678901 3.14159 1,000,000 v2.0.1", "x=1;y+=2 //comment $cost <=> ^~|", "中文分词测试。患者出现发热和咳嗽，", "春风又绿江南岸，明月何时照我还？",
    "日本語のテキスト、カタカナ", "한국어 텍스트", "नमस्ते दुनिया", "مرحبا بالعالم", "עברית", "Ünïcödé café e\u0301 naïve", "😀👩‍👩‍👧‍👦🏳️‍🌈 emoji", "\u200b zero\u200dwidth\ufeff",
    "def mean(values):\n    return sum(values) / len(values)\n", "for (let i = 0; i < 10; i++) { a[i] += 1; }", "<|endoftext|>text<|im_start|>user\nhi<|im_end|>",
    "snake_case camelCase PascalCase", "...!!!???", "a" * 40, "1/2 ½ ² ① Ⅷ", "\u00a0nbsp\u3000ideographic", "𝕳𝖊𝖑𝖑𝖔 𠀀𠀁", "«quotes» “smart” ‘single’", "€100 £5 ¥7", "", " ", "▁mark ▁▁", "<0x41>",
    "The patient was treated with antibiotics for 14 days.", "Mr. Speaker, the state of our Union is strong",
]
PATTERN = {
    "llama3": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
}


def split(expression):
    return pre_tokenizers.Split(Regex(expression), behavior="isolated")


def then_bytes(*steps):
    return pre_tokenizers.Sequence([*steps, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


BYTE_LEVEL = {
    "gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False),
    "llama-bpe": then_bytes(split(PATTERN["llama3"])),
    "qwen2": then_bytes(split(PATTERN["qwen2"])),
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
    # The default of llama.cpp: src/llama-vocab.cpp.
    "default": then_bytes(split(r"[\p{P}\$\+<=>\^~\|]+"), split(PATTERN["gpt2"]), split(r"\p{N}+"), split("[0-9][0-9][0-9]")),
}


def sha(data: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(data).tobytes()).hexdigest()


def write(path: Path, value) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def random_blocks(type: Type, rows: int, generator) -> np.ndarray:
    """Blocks of random bits whose scales are finite and of an ordinary size; a few scales are zero or subnormal."""
    block, size = gguf.GGML_QUANT_SIZES[type]
    blocks = generator.integers(0, 256, (rows * 512 // block, size), dtype=np.uint8)
    scales = {
        Type.Q8_0: [0], Type.Q4_0: [0], Type.Q5_0: [0], Type.Q4_1: [0, 2], Type.Q5_1: [0, 2], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2],
        Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q6_K: [208],
    }[type]
    for at in scales:
        values = generator.normal(0, 0.02, len(blocks)).astype(np.float16)
        values[:2] = [0, 3e-7]
        blocks[:, at:at + 2] = values.view(np.uint8).reshape(-1, 2)
    return blocks.reshape(rows, -1)


def make_quants() -> None:
    generator = np.random.default_rng(13)
    writer = gguf.GGUFWriter(FOLDER / "quants.gguf", "none")
    expected = {}
    source = generator.normal(0, 1, (2, 512)).astype(np.float32)
    # Zeros, values whose scale is no float16, and halves, which are rounded away from zero.
    source[0, :32], source[0, 32:64] = 0, 1e-30
    source[0, 64:96] = np.array([127] + [x + 0.5 for x in range(-16, 15)], np.float32)
    writer.add_tensor("source", source)
    for type in (Type.F16, Type.BF16, Type.Q8_0):
        writer.add_tensor(f"of-source.{type.name}", gguf.quantize(source, type), raw_dtype=type)
        expected[f"of-source.{type.name}"] = sha(gguf.dequantize(gguf.quantize(source, type), type))
    for type in (Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K, Type.Q6_K):
        data = random_blocks(type, 2, generator)
        writer.add_tensor(type.name, data, raw_dtype=type)
        expected[type.name] = sha(gguf.dequantize(data, type).astype(np.float32))
    finish(writer)
    write(FOLDER / "quants.json", expected)


def finish(writer) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def lines() -> list[str]:
    corpora = sorted((FIXTURES.parents[2] / "public/corpora").rglob("*.txt"))
    return [line for path in corpora for line in path.read_text(encoding="utf-8").splitlines()[:400]]


def train(kind: str) -> Tokenizer:
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Tokenizer(models.BPE(ignore_merges=kind == "llama-bpe"))
    tokenizer.pre_tokenizer = BYTE_LEVEL[kind]
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=specials[:1] if kind == "qwen2" else specials, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(lines(), trainer)
    # Behind the vocabulary, as Qwen's and Llama 3's.
    if kind == "qwen2":
        tokenizer.add_special_tokens(specials[1:])
        tokenizer.add_tokens([AddedToken("<tool>", normalized=False)])
    return tokenizer


def byte_level_metadata(writer, kind: str, tokenizer: Tokenizer, rows: int) -> None:
    model = json.loads(tokenizer.to_str())["model"]
    added = tokenizer.get_added_tokens_decoder()
    tokens = {id: token for token, id in tokenizer.get_vocab().items()}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(kind)
    writer.add_token_list([tokens.get(id, f"[PAD{id}]") for id in range(rows)])
    writer.add_token_types([(3 if added[id].special else 4) if id in added else 1 if id in tokens else 5 for id in range(rows)])
    writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
    writer.add_bos_token_id(tokenizer.token_to_id("<|im_start|>"))
    writer.add_eos_token_id(tokenizer.token_to_id("<|im_end|>"))
    writer.add_chat_template("{% for message in messages %}{{ message.content }}{% endfor %}")


def train_sentencepiece() -> Tokenizer:
    """As Llama 2's: characters and bytes, blanks as marks, pieces that do not cross words."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)], limit_alphabet=200, show_progress=False
    )
    tokenizer.train_from_iterator(lines(), trainer)
    tokenizer.pre_tokenizer = None
    trained = json.loads(tokenizer.to_str())
    trained["added_tokens"] = [token for token in trained["added_tokens"] if token["id"] < 3]
    return Tokenizer.from_str(json.dumps(trained))


def sentencepiece_metadata(writer, tokenizer: Tokenizer) -> None:
    """Scores as sentencepiece's trainer gives them: falling with the order in which pieces were made."""
    model = json.loads(tokenizer.to_str())["model"]
    ranks = {}
    for merge in model["merges"]:
        ranks.setdefault("".join(merge), len(ranks))
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([float(-ranks.get(token, len(ranks))) for token in tokens])
    writer.add_token_types([2 if token == "<unk>" else 3 if token in ("<s>", "</s>") else 6 if 3 <= id < 259 else 1 for id, token in enumerate(tokens)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)


def make_tokenizers() -> Tokenizer:
    folder = FOLDER / "tokenizers"
    folder.mkdir()
    expected = {"texts": TEXTS, "ids": {}}
    made = {kind: train(kind) for kind in BYTE_LEVEL} | {"llama": train_sentencepiece()}
    for kind, tokenizer in made.items():
        writer = gguf.GGUFWriter(folder / f"{kind}.gguf", "llama")
        if kind == "llama":
            sentencepiece_metadata(writer, tokenizer)
        else:
            # Qwen's table has rows that no token has.
            byte_level_metadata(writer, kind, tokenizer, tokenizer.get_vocab_size() + (9 if kind == "qwen2" else 0))
        finish(writer)
        expected["ids"][kind] = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
        check_llama_cpp(folder / f"{kind}.gguf", kind, expected["ids"][kind])
    write(FOLDER / "tokenizers.json", expected)
    return made["smollm"]


def check_llama_cpp(path: Path, kind: str, expected: list[list[int]]) -> None:
    """Where llama-cpp-python is installed, its ids are compared."""
    try:
        import llama_cpp
    except ImportError:
        print("llama-cpp-python is not installed: ids were not compared with it", file=sys.stderr)
        return
    model = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
    for text, ids in zip(TEXTS, expected):
        found = model.tokenize(text.encode(), add_bos=False, special=True)
        if found != ids:
            print(kind, repr(text), "llama.cpp:", found, "tokenizers:", ids, file=sys.stderr)


def permute(weights: np.ndarray, heads: int) -> np.ndarray:
    """LlamaModel.permute of llama.cpp's converter."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


ARCHITECTURES = {
    "llama": "LLAMA", "mistral": "LLAMA", "qwen2": "QWEN2", "qwen3": "QWEN3", "gpt2": "GPT2", "gpt_neox": "GPTNEOX", "gemma2": "GEMMA2",
    "gemma3_text": "GEMMA3", "olmo2": "OLMO2", "phi3": "PHI3", "smollm3": "SMOLLM3", "minicpm": "MINICPM", "stablelm": "STABLELM",
}
PERMUTED = ("llama", "mistral", "smollm3", "minicpm")


def converted(config: dict, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Tensors as llama.cpp's converter names and arranges them."""
    family = config["model_type"]
    arch = getattr(gguf.MODEL_ARCH, ARCHITECTURES[family])
    layers = config.get("num_hidden_layers", config.get("n_layer"))
    heads = config.get("num_attention_heads", config.get("n_head"))
    names = gguf.get_tensor_name_map(arch, layers)
    out = {}
    for name, data in tensors.items():
        if family in PERMUTED and ".q_proj." in name:
            data = permute(data, heads)
        if family in PERMUTED and ".k_proj." in name:
            data = permute(data, config["num_key_value_heads"])
        if family == "gpt2" and name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
            data = data.T
        if family == "gpt_neox" and "query_key_value" in name:
            parts = data.reshape(heads, 3, data.shape[0] // heads // 3, *data.shape[1:])
            data = np.concatenate([parts[:, part].reshape(-1, *data.shape[1:]) for part in range(3)])
        if family in ("gemma2", "gemma3_text") and name.endswith("norm.weight"):
            data = data + np.float32(1)
        found = names.get_name(name, try_suffixes=(".weight", ".bias"))
        # Gemma's heads are tied, in the table at least.
        found = found or {"lm_head.weight": "output.weight"}.get(name)
        assert found, name
        out[found] = np.ascontiguousarray(data.astype(np.float32))
    rope = config.get("rope_parameters") or {}
    if rope.get("rope_type") == "llama3":
        out["rope_freqs.weight"] = llama3_factors(rope, config.get("head_dim") or config["hidden_size"] // heads)
    if rope.get("rope_type") == "longrope":
        out["rope_factors_long.weight"] = np.array(rope["long_factor"], np.float32)
        out["rope_factors_short.weight"] = np.array(rope["short_factor"], np.float32)
    return out


def llama3_factors(rope: dict, size: int) -> np.ndarray:
    """LlamaModel.generate_extra_tensors of llama.cpp's converter."""
    freqs = 1.0 / (rope["rope_theta"] ** (torch.arange(0, size, 2, dtype=torch.float32) / size))
    factor, low, high, old = (rope[key] for key in ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"))
    factors = []
    for freq in freqs:
        wave = 2 * np.pi / freq.item()
        smooth = (old / wave - low) / (high - low)
        factors.append(1 if wave < old / high else factor if wave > old / low else 1 / ((1 - smooth) / factor + smooth))
    return np.array(factors, np.float32)


def stored(name: str, data: np.ndarray, type: Type) -> tuple[np.ndarray, Type]:
    """The converter's choice: float32 for one axis, norms and positions, float16 where rows do not divide into blocks."""
    if data.ndim < 2 or name.endswith("_norm.weight") or name == "position_embd.weight":
        return data, Type.F32
    if type is Type.Q8_0 and data.shape[-1] % 32:
        type = Type.F16
    return gguf.quantize(data, type), type


def make_families() -> None:
    hashes = {}
    for folder in sorted(path for path in FAMILIES.iterdir() if path.is_dir()):
        config = json.loads((folder / "config.json").read_text())
        if config["model_type"] not in ARCHITECTURES:
            continue
        tensors = converted(config, load_file(folder / "model.safetensors"))
        hashes[folder.name] = {
            type.name: {name: [kept.name, sha(data)] for name, (data, kept) in ((name, stored(name, data, type)) for name, data in tensors.items())}
            for type in (Type.F16, Type.Q8_0)
        }
    write(FOLDER / "families.json", hashes)


def make_tiny(tokenizer: Tokenizer) -> None:
    torch.manual_seed(7)
    rows = tokenizer.get_vocab_size()
    config = LlamaConfig(
        vocab_size=rows, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=64, rms_norm_eps=1e-5, initializer_range=0.15, tie_word_embeddings=True,
    )
    model = AutoModelForCausalLM.from_config(config)
    tensors = converted(config.to_dict(), {name: data.detach().numpy() for name, data in model.named_parameters()})
    path = FOLDER / "tiny-q4_1.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("model")
    writer.add_name("Tiny <Llama> | of a test")
    writer.add_license("apache-2.0")
    writer.add_block_count(2)
    writer.add_context_length(64)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length(96)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(rows)
    writer.add_rope_dimension_count(16)
    writer.add_file_type(3)
    byte_level_metadata(writer, "smollm", tokenizer, rows)
    writer.add_add_bos_token(False)
    for name, data in tensors.items():
        type = Type.F32 if data.ndim < 2 else Type.Q8_0 if name == "token_embd.weight" else Type.Q4_1
        writer.add_tensor(name, gguf.quantize(data, type), raw_dtype=type)
    finish(writer)
    loaded = AutoModelForCausalLM.from_pretrained(FOLDER, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager").eval()
    text = "The patient was treated with 12 antibiotics, 患者出现发热。"
    ids = tokenizer.encode(text).ids
    with torch.no_grad():
        logits = loaded(torch.tensor([ids])).logits[0].float()
    losses = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="none")
    write(FOLDER / "tiny-q4_1.json", {
        "text": text, "ids": ids, "losses": losses.tolist(), "logits": logits[-1].tolist(),
        "tensors": {name: sha(parameter.detach().numpy()) for name, parameter in loaded.named_parameters()},
    })


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    make_quants()
    make_families()
    make_tiny(make_tokenizers())
