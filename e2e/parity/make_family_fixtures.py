"""Makes the fixtures of the model families: a tiny random model of each with what transformers computes for it.

    pip install torch transformers safetensors
    python e2e/parity/make_family_fixtures.py [name …]

float32 on the CPU, seeded. Every folder has the model as `save_pretrained` writes it, the gradient of every tensor of the file,
and in expected.json logits, losses, losses of two packed documents, and the likeliest continuation; encoders have no continuation, and
their ids have masked places, which the targets are of, and padding. published-configs.json
holds the config.json of well-known models; their numbers of parameters are added to it.
"""
import json
import shutil
import sys

import torch
from safetensors.torch import save_file
from transformers import (
    AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, BertConfig, Gemma2Config, Gemma3TextConfig, GPT2Config, GPTNeoConfig, GPTNeoXConfig,
    LlamaConfig, LlamaForCausalLM, MistralConfig, Olmo2Config, Phi3Config, Qwen2Config, Qwen3Config, RobertaConfig, SmolLM3Config, StableLmConfig,
)

from make_fixtures import FIXTURES, batch_of, floats, greedy, losses, write

class MiniCPMConfig(LlamaConfig):
    model_type = "minicpm"
    scale_emb: float = 1
    scale_depth: float = 1
    dim_model_base: float = 1


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
# Smaller than those above: what a family adds shows at any size.
SMALL = dict(
    vocab_size=29, hidden_size=16, intermediate_size=12, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=24, initializer_range=0.3, **TOKENS,
)
SMALL_GPT = dict(vocab_size=29, initializer_range=0.3, **TOKENS)
# Between 5 tokens and the rows' 7 the kinds that depend on the length change.
YARN = dict(rope_type="yarn", rope_theta=1000.0, factor=4.0, original_max_position_embeddings=12, beta_fast=4.0, beta_slow=0.5,
            truncate=False, mscale=1.2, mscale_all_dim=0.4)
LONG = dict(rope_type="longrope", rope_theta=1000.0, partial_rotary_factor=0.7, short_factor=[1.0, 1.5], long_factor=[1.2, 5.5])
DYNAMIC = dict(rope_type="dynamic", rope_theta=100.0, factor=4.0)
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
    "gpt-neo": GPTNeoConfig(
        **SMALL_GPT, hidden_size=16, num_layers=3, num_heads=4, intermediate_size=12, max_position_embeddings=24, window_size=3,
        attention_types=[[["global", "local"], 1], [["local"], 1]]),
    "gemma3": Gemma3TextConfig(
        **{**SMALL, "num_hidden_layers": 3}, head_dim=6, sliding_window=3, layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        query_pre_attn_scalar=10, final_logit_softcapping=4.0, rms_norm_eps=1e-5,
        rope_parameters={"full_attention": dict(rope_type="linear", rope_theta=2000.0, factor=2.0),
                         "sliding_attention": dict(rope_type="default", rope_theta=100.0)}),
    "gemma2": Gemma2Config(
        **SMALL, head_dim=6, sliding_window=4, query_pre_attn_scalar=7, attn_logit_softcapping=3.0, final_logit_softcapping=5.0,
        attention_bias=True, tie_word_embeddings=False),
    "olmo2": Olmo2Config(**SMALL),
    # Its class checks the factors' number by the width alone.
    "phi3": Phi3Config(**{**SMALL, "hidden_size": 24}, original_max_position_embeddings=5, sliding_window=6, rope_parameters=LONG),
    "smollm3": SmolLM3Config(**SMALL, no_rope_layer_interval=2, mlp_bias=True, rope_parameters=YARN),
    "llama-dynamic": LlamaConfig(**{**SMALL, "max_position_embeddings": 6}, rope_parameters=DYNAMIC),
    "gpt2-scaled": GPT2Config(
        **SMALL_GPT, n_embd=16, n_layer=2, n_head=4, n_positions=24, n_inner=12, scale_attn_weights=False,
        scale_attn_by_inverse_layer_idx=True),
    "minicpm": MiniCPMConfig(**SMALL, scale_emb=3.0, scale_depth=1.4, dim_model_base=6, tie_word_embeddings=True),
    "stablelm": StableLmConfig(
        **SMALL, use_qkv_bias=True, use_parallel_residual=True, rope_parameters=dict(rope_type="default", rope_theta=100.0, partial_rotary_factor=0.5)),
    "stablelm-sequential": StableLmConfig(
        **SMALL, rope_parameters=dict(rope_type="default", rope_theta=100.0, partial_rotary_factor=1.0)),
}


ENCODER = dict(
    vocab_size=29, hidden_size=16, intermediate_size=12, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=12,
    initializer_range=0.3, layer_norm_eps=1e-5,
)
ENCODERS = {
    "bert": BertConfig(**ENCODER, type_vocab_size=2, pad_token_id=0),
    "roberta": RobertaConfig(**ENCODER, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2),
}


class MiniCPMForCausalLM(LlamaForCausalLM):
    """MiniCPM (its checkpoints bring their own modeling code): Llama with the factors of Hu et al., arXiv 2404.06395."""

    config_class = MiniCPMConfig

    def __init__(self, config):
        super().__init__(config)
        times = lambda factor: lambda module, inputs, output: output * factor
        residual = config.scale_depth / config.num_hidden_layers**0.5
        self.model.embed_tokens.register_forward_hook(times(config.scale_emb))
        for layer in self.model.layers:
            layer.self_attn.register_forward_hook(lambda module, inputs, output: (output[0] * residual, *output[1:]))
            layer.mlp.register_forward_hook(times(residual))
        self.model.norm.register_forward_hook(times(config.dim_model_base / config.hidden_size))


AutoConfig.register("minicpm", MiniCPMConfig)
AutoModelForCausalLM.register(MiniCPMConfig, MiniCPMForCausalLM)


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


def make_encoder(name: str, config, seed: int) -> None:
    torch.manual_seed(seed)
    model = AutoModelForMaskedLM.from_config(config)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.uniform_(-0.3, 0.3) if key.endswith("bias") else parameter.uniform_(0.5, 1.5)
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    model = AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()

    generator = torch.Generator().manual_seed(seed)
    ids, _ = batch_of(generator, config.vocab_size - 4)
    ids += 3
    targets = torch.full_like(ids, -1)
    for row, place in ((0, 1), (0, 4), (1, 0), (1, 3)):
        targets[row, place] = ids[row, place]
        ids[row, place] = config.vocab_size - 1
    # The second row ends in padding.
    padded = torch.ones_like(ids)
    padded[1, 5:] = 0
    ids[1, 5:] = config.pad_token_id
    output = model(input_ids=ids, attention_mask=padded, output_hidden_states=True)
    logits = output.logits.flatten(0, 1)
    nll = torch.nn.functional.cross_entropy(logits, targets.flatten(), ignore_index=-1, reduction="none")
    loss = model(input_ids=ids, attention_mask=padded, labels=targets.masked_fill(targets < 0, -100)).loss
    loss.backward()
    save_file({key: parameter.grad for key, parameter in model.named_parameters()}, folder / "gradients.safetensors")

    documents = torch.tensor([[0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1, 1]])
    same = documents[:, :, None] == documents[:, None, :]
    positions = positions_in(documents) + (config.pad_token_id + 1 if name == "roberta" else 0)
    with torch.no_grad():
        packed = model(input_ids=ids, attention_mask=torch.where(same, 0.0, torch.finfo(torch.float32).min)[:, None], position_ids=positions)
    packed_nll = torch.nn.functional.cross_entropy(packed.logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="none")
    text = padded.flatten() > 0
    write(folder / "expected.json", {
        "rows": ids.shape[0], "context": ids.shape[1], "ids": ids.flatten().tolist(), "targets": targets.flatten().tolist(),
        "parameters": model.num_parameters(), "padded": (1 - padded).flatten().tolist(),
        "states": floats(output.hidden_states[-1].flatten(0, 1)[text]), "logits": floats(logits[text]), "nll": floats(nll), "loss": loss.item(),
        "documents": documents.flatten().tolist(), "packedNll": floats(packed_nll),
    })


def count_published() -> None:
    """Adds to the configs of published models how many parameters they have by transformers; no weight is made."""
    path = FIXTURES / "published-configs.json"
    published = json.loads(path.read_text(encoding="utf-8"))
    for entry in published.values():
        fields = {key: value for key, value in entry["config"].items() if key != "model_type"}
        with torch.device("meta"):
            kind = AutoModelForMaskedLM if entry["config"]["model_type"] in ("bert", "roberta") else AutoModelForCausalLM
            model = kind.from_config(AutoConfig.for_model(entry["config"]["model_type"], **fields))
        entry["parameters"] = model.num_parameters()
    write(path, published)


def main() -> None:
    torch.set_num_threads(1)
    if not sys.argv[1:]:
        count_published()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for seed, (name, config) in enumerate(MODELS.items(), start=11):
        if not sys.argv[1:] or name in sys.argv[1:]:
            make(name, config, seed)
    for seed, (name, config) in enumerate(ENCODERS.items(), start=111):
        if not sys.argv[1:] or name in sys.argv[1:]:
            make_encoder(name, config, seed)


if __name__ == "__main__":
    main()
