"""Makes the fixtures of the model families: a tiny random model of each with what transformers computes for it.

    pip install torch transformers safetensors
    python e2e/parity/make_family_fixtures.py

float32 on the CPU, seeded. Every folder has the model as `save_pretrained` writes it, the gradient of every tensor of the file,
and in expected.json logits, losses, losses of two packed documents, and the likeliest continuation. published-configs.json
holds the config.json of well-known models; their numbers of parameters are added to it.
"""
import json
import shutil

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM, GPT2Config, GPTNeoXConfig, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

from make_fixtures import FIXTURES, batch_of, floats, greedy, losses, write

FOLDER = FIXTURES / "families"
TOKENS = dict(bos_token_id=0, eos_token_id=0, pad_token_id=None)
GATED = dict(
    vocab_size=61, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=24, rms_norm_eps=1e-5, initializer_range=0.2, **TOKENS,
)
NEOX = dict(
    vocab_size=61, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
    max_position_embeddings=24, initializer_range=0.2, **TOKENS,
)
GPT2 = dict(vocab_size=61, n_embd=32, n_layer=2, n_head=4, n_positions=24, initializer_range=0.2, **TOKENS)
# Head size 8 gives waves of 6, 63, 628 and 6283 tokens: below 20/3 they are kept, above 20/0.25 stretched, between them blended.
LLAMA3 = dict(rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=0.25, high_freq_factor=3.0, original_max_position_embeddings=20)
LINEAR = dict(rope_type="linear", rope_theta=10000.0, factor=4.0)
MODELS = {
    "llama-linear": LlamaConfig(**GATED, rope_parameters=LINEAR, attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
    "llama-llama3": LlamaConfig(**GATED, rope_parameters=LLAMA3),
    "mistral": MistralConfig(**GATED, sliding_window=5),
    "qwen2": Qwen2Config(**GATED, use_sliding_window=True, sliding_window=4, max_window_layers=1, tie_word_embeddings=True),
    "qwen3": Qwen3Config(**GATED, head_dim=12, tie_word_embeddings=True),
    "gpt2": GPT2Config(**GPT2),
    "gpt2-untied": GPT2Config(**GPT2, n_inner=40, activation_function="gelu", tie_word_embeddings=False),
    "gpt-neox": GPTNeoXConfig(**NEOX),
    "gpt-neox-sequential": GPTNeoXConfig(
        **NEOX, use_parallel_residual=False, attention_bias=False, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="linear", rope_theta=5000.0, partial_rotary_factor=0.5, factor=2.0)),
}


def file_names(model) -> dict[str, str]:
    """Parameter name → name in the file."""
    return {key: key.replace("lm_head", "embed_out") if model.config.model_type == "gpt_neox" else key for key, _ in model.named_parameters()}


def document_masks(config, documents):
    """Additive masks [rows, 1, T, T] under which a token sees itself and earlier tokens of its document, all or in the window."""
    length = documents.shape[1]
    distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]
    same = documents[:, :, None] == documents[:, None, :]

    def mask(window):
        allowed = same & (distance >= 0) & (distance < window)
        return torch.where(allowed, 0.0, torch.finfo(torch.float32).min)[:, None]

    window = getattr(config, "sliding_window", None) or length
    if hasattr(config, "layer_types"):
        return {"full_attention": mask(length), "sliding_attention": mask(window)}
    return mask(window)


def positions_in(documents):
    """Position of each token in its document, from 0."""
    same = documents[:, :, None] == documents[:, None, :]
    return same.tril().sum(-1) - 1


def make(name: str, config, seed: int) -> None:
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.uniform_(-0.3, 0.3) if key.endswith("bias") else parameter.uniform_(0.5, 1.5)
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    # eval: the dropout that GPT-2's configs ask for is training's. Gradients flow all the same.
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()

    generator = torch.Generator().manual_seed(seed)
    ids, targets = batch_of(generator, config.vocab_size)
    targets[0, 2] = targets[1, 5] = -1
    logits, nll, loss = losses(model, ids, targets)
    loss.backward()
    names = file_names(model)
    save_file({names[key]: parameter.grad for key, parameter in model.named_parameters()}, folder / "gradients.safetensors")

    documents = torch.tensor([[0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1, 1]])
    with torch.no_grad():
        packed = model(
            input_ids=ids, attention_mask=document_masks(config, documents), position_ids=positions_in(documents)
        ).logits.float().flatten(0, 1)
    packed_nll = torch.nn.functional.cross_entropy(packed, targets.flatten(), ignore_index=-1, reduction="none")
    write(folder / "expected.json", {
        "rows": ids.shape[0], "context": ids.shape[1], "ids": ids.flatten().tolist(), "targets": targets.flatten().tolist(),
        "parameters": model.num_parameters(), "logits": floats(logits), "nll": floats(nll), "loss": loss.item(),
        "documents": documents.flatten().tolist(), "packedNll": floats(packed_nll), "greedy": greedy(model, ids[0]),
    })


def count_published() -> None:
    """Adds to the configs of published models how many parameters they have by transformers; no weight is made."""
    path = FIXTURES / "published-configs.json"
    published = json.loads(path.read_text(encoding="utf-8"))
    for entry in published.values():
        fields = {key: value for key, value in entry["config"].items() if key != "model_type"}
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(AutoConfig.for_model(entry["config"]["model_type"], **fields))
        entry["parameters"] = model.num_parameters()
    write(path, published)


def main() -> None:
    torch.set_num_threads(1)
    count_published()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for seed, (name, config) in enumerate(MODELS.items(), start=11):
        make(name, config, seed)


if __name__ == "__main__":
    main()
