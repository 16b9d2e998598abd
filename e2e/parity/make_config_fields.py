"""Which fields of config.json change what a model of each family computes, by transformers: fixtures/config-fields.json.

    pip install torch transformers
    python e2e/parity/make_config_fields.py

Per family: the fields of its configuration class with their defaults; the attributes that the code of the causal model reads,
found by its syntax tree (the family's modeling file without classifiers, and the shared masks, caches and rotary embeddings);
and of many one-field changes of a tiny model's config.json what happens to its logits: `same`, `different`, or `refused` where
transformers raises an error or the weights no longer fit. `rope` does the same for changes of rotary fields, with theta and
the inverse frequencies that transformers computes.
"""
import ast
import dataclasses
import inspect
import json
import logging
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from transformers import (
    AutoConfig, AutoModelForCausalLM, Gemma2Config, Gemma3TextConfig, GPT2Config, GPTNeoConfig, GPTNeoXConfig, LlamaConfig, MistralConfig,
    Olmo2Config, Phi3Config, Qwen2Config, Qwen3Config, SmolLM3Config, StableLmConfig,
)
from transformers import PreTrainedConfig, cache_utils, masking_utils, modeling_rope_utils
from transformers.models.gemma2 import modeling_gemma2
from transformers.models.gemma3 import modeling_gemma3
from transformers.models.gpt2 import modeling_gpt2
from transformers.models.gpt_neo import modeling_gpt_neo
from transformers.models.gpt_neox import modeling_gpt_neox
from transformers.models.llama import modeling_llama
from transformers.models.mistral import modeling_mistral
from transformers.models.olmo2 import modeling_olmo2
from transformers.models.phi3 import modeling_phi3
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3
from transformers.models.smollm3 import modeling_smollm3
from transformers.models.stablelm import modeling_stablelm

from make_fixtures import FIXTURES, write

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
logging.disable(logging.ERROR)
transformers.utils.logging.disable_progress_bar()

GATED = dict(
    vocab_size=61, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=24, initializer_range=0.2, bos_token_id=0, eos_token_id=0,
)
NEOX = {key: value for key, value in GATED.items() if key != "num_key_value_heads"}
GPT2 = dict(vocab_size=61, n_embd=32, n_layer=2, n_head=4, n_positions=24, initializer_range=0.2, bos_token_id=0, eos_token_id=0)
FAMILIES = {
    "llama": (LlamaConfig(**GATED), modeling_llama),
    "mistral": (MistralConfig(**GATED, sliding_window=5), modeling_mistral),
    "qwen2": (Qwen2Config(**GATED, use_sliding_window=True, sliding_window=4, max_window_layers=1), modeling_qwen2),
    "qwen3": (Qwen3Config(**GATED, head_dim=8), modeling_qwen3),
    "gpt2": (GPT2Config(**GPT2), modeling_gpt2),
    "gpt_neox": (GPTNeoXConfig(**NEOX, rope_parameters=dict(rope_type="default", rope_theta=1e4, partial_rotary_factor=0.5)), modeling_gpt_neox),
    "gpt_neo": (GPTNeoConfig(
        vocab_size=61, hidden_size=32, num_layers=2, num_heads=4, max_position_embeddings=24, window_size=5, initializer_range=0.2,
        attention_types=[[["global", "local"], 1]], bos_token_id=0, eos_token_id=0), modeling_gpt_neo),
    "gemma2": (Gemma2Config(**GATED, head_dim=8, sliding_window=5, attn_logit_softcapping=4.0, final_logit_softcapping=6.0), modeling_gemma2),
    "gemma3_text": (Gemma3TextConfig(
        **GATED, head_dim=8, sliding_window=5, layer_types=["sliding_attention", "full_attention"], final_logit_softcapping=6.0), modeling_gemma3),
    "olmo2": (Olmo2Config(**GATED), modeling_olmo2),
    "phi3": (Phi3Config(**GATED, sliding_window=5, pad_token_id=None), modeling_phi3),
    "smollm3": (SmolLM3Config(**GATED, no_rope_layer_interval=2, pad_token_id=None), modeling_smollm3),
    "stablelm": (StableLmConfig(**GATED, rope_parameters=dict(rope_type="default", rope_theta=1e4, partial_rotary_factor=0.5)), modeling_stablelm),
}
IDS = (torch.arange(2 * 16).reshape(2, 16) * 7 + 3) % 61

# Other values of fields whose default does not say enough.
OTHER = {
    "hidden_act": "gelu", "activation_function": "relu", "layer_types": ["full_attention", "sliding_attention"], "head_dim": 16,
    "sliding_window": 3, "num_key_value_heads": 1, "n_inner": 40, "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
    "rope_scaling": {"type": "linear", "factor": 2.0}, "architectures": ["LLaMAForCausalLM"], "problem_type": "regression",
    "id2label": {"0": "a"}, "label2id": {"a": 0}, "dtype": "float32", "summary_activation": "tanh", "summary_type": "mean",
    "max_window_layers": 0, "pruned_heads": {"0": [1]}, "per_layer_config": [{}, {"sliding_window": 2}], "attention_chunk_size": 4,
    "original_max_position_embeddings": 8, "partial_rotary_factor": 0.5, "rope_theta": 500.0, "is_causal": False,
    "chunk_size_feed_forward": 4, "pretraining_tp": 2, "model_type": None, "kv_sharing_modes": None,
    "attention_types": [[["global"], 2]], "attention_layers": ["local", "local"], "no_rope_layers": [0, 1], "hidden_activation": "silu",
    "sliding_window_pattern": 1, "rope_local_base_freq": 500.0, "intermediate_size": 48,
}
# What other tools and other families write into config.json.
STRANGE = {
    "_model_name_or_path": "x/y", "_name_or_path": "x/y", "torch_dtype": "float32", "transformers_version": "4.40.0",
    "_attn_implementation_autoset": True, "auto_map": {"AutoModelForCausalLM": "modeling.Own"}, "unsloth_version": "2025.1",
    "unsloth_fixed": True, "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}}, "use_mrope": False,
    "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "logit_scale": 0.0625, "embedding_multiplier": 12.0,
    "residual_multiplier": 0.22, "rope_interleaved": True, "num_experts": 8, "a_field_of_next_year": 1, "n_ctx": 24, "rotary_pct": 0.5,
    "rotary_emb_base": 500, "rotary_dim": 4, "clip_qkv": 8.0, "qk_layernorm": True, "use_qkv_bias": True, "no_bias": True,
    "attention_bias": True, "mlp_bias": True, "is_llama_config": True, "model_max_length": 24, "layer_norm_eps": 0.1, "rms_norm_eps": 0.1,
    "hidden_size": 64, "num_attention_heads": 2, "num_hidden_layers": 1, "max_position_embeddings": 20, "temperature": 0.6,
    "num_labels": 3, "quantization": "none", "use_parallel_residual": False, "tie_encoder_decoder": False, "eos_token_id": [1, 2],
}
LINEAR = {"rope_type": "linear", "factor": 2.0}
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=0.25, high_freq_factor=3.0, original_max_position_embeddings=20)
ROPE = [
    {"rope_scaling": {"type": "linear", "factor": 2.0, "original_max_position_embeddings": 2048}},
    {"rope_scaling": {"rope_type": "default", "factor": 1.0}},
    {"rope_scaling": {"rope_type": "default", "factor": 4.0}},
    {"rope_scaling": {"type": "linear", "rope_type": "linear", "factor": 2.0}},
    {"rope_scaling": {"type": "dynamic", "rope_type": "linear", "factor": 2.0}},
    {"rope_scaling": {**LINEAR, "attention_factor": 2.0, "beta_fast": 32, "mscale": 1.0, "truncate": False}},
    {"rope_scaling": {**LINEAR, "rope_theta": 300.0}, "rope_theta": 500.0},
    {"rope_scaling": {}},
    {"rope_scaling": LLAMA3},
    {"rope_scaling": {**LLAMA3, "attention_factor": 2.0, "type": "llama3"}, "rope_theta": 500.0},
    {"rope_scaling": LLAMA3, "original_max_position_embeddings": 12},
    {"rope_theta": 500000.0, "rope_scaling": LINEAR, "rope_parameters": {**LINEAR, "rope_theta": 500000.0}},
    {"rope_scaling": LINEAR, "rope_parameters": {"type": "linear", "factor": 2.0, "rope_theta": 10000.0}},
    {"rope_parameters": {**LINEAR, "rope_theta": 700.0, "finetuned": True}, "rope_theta": 500.0},
    {"rope_parameters": {"rope_theta": 700.0}},
    {"rope_theta": 500.0},
]
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=12)
# The 16 tokens of IDS are more than 8: then frequencies of "dynamic" and "longrope" are those of a longer text.
ROPE_LONGER = [
    {"rope_scaling": YARN},
    {"rope_scaling": {**YARN, "beta_fast": 4.0, "beta_slow": 0.25, "truncate": False}, "rope_theta": 500.0},
    {"rope_scaling": {**YARN, "mscale": 1.5, "mscale_all_dim": 0.5}},
    {"rope_scaling": {**YARN, "mscale": 1.5, "mscale_all_dim": 0}},
    {"rope_scaling": {**YARN, "attention_factor": 0.75, "mscale": 1.5}, "original_max_position_embeddings": 6},
    {"rope_scaling": {**YARN, "factor": None}},
    {"rope_scaling": {"type": "yarn", "factor": 2.0}},
    {"rope_scaling": {"type": "dynamic", "factor": 3.0}},
    {"rope_scaling": {"type": "dynamic", "factor": 3.0}, "max_position_embeddings": 8},
    {"rope_scaling": dict(rope_type="longrope", short_factor=[1.0, 1.1, 1.5, 2.0], long_factor=[1.0, 2.0, 3.0, 5.5], factor=4.0)},
    {"rope_scaling": dict(
        rope_type="longrope", short_factor=[1.0, 1.1, 1.5, 2.0], long_factor=[1.0, 2.0, 3.0, 5.5], original_max_position_embeddings=8)},
    {"rope_scaling": dict(
        rope_type="longrope", short_factor=[1.0, 1.1, 1.5, 2.0], long_factor=[1.0, 2.0, 3.0, 5.5], original_max_position_embeddings=16,
        attention_factor=1.25)},
]
ROPE_PHI3 = [
    {"rope_scaling": dict(
        type=kind, short_factor=[1.0, 1.1, 1.5, 2.0], long_factor=[1.0, 2.0, 3.0, 5.5], original_max_position_embeddings=8)}
    for kind in ("su", "yarn", "longrope")
] + [
    {"rope_scaling": dict(type="longrope", short_factor=[1.0, 1.1], long_factor=[1.0, 2.5], original_max_position_embeddings=16),
     "original_max_position_embeddings": 8, "partial_rotary_factor": 0.5, "rope_theta": 500.0},
    {"partial_rotary_factor": 0.5},
    {"rope_scaling": None, "rope_theta": 500.0},
]


def attributes(tree) -> set[str]:
    """Names x of `config.x`, `self.config.x`, `getattr(config, "x")`."""
    is_config = lambda node: getattr(node, "id", getattr(node, "attr", "")) in ("config", "text_config", "effective_config", "layer_config")
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_config(node.value):
            names.add(node.attr)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "hasattr") and is_config(node.args[0]):
            names.add(node.args[1].value)
    return names


def read_by(module) -> list[str]:
    tree = ast.parse(inspect.getsource(module))
    skipped = ("Classification", "QuestionAnswering", "DoubleHeads", "SequenceSummary", "Projector", "Gemma3Model", "ConditionalGeneration",
               "FlashAttention2")
    tree.body = [node for node in tree.body if not any(word in getattr(node, "name", "") for word in skipped)]
    shared = [ast.parse(inspect.getsource(part)) for part in (
        masking_utils.create_causal_mask, masking_utils.create_sliding_window_causal_mask, cache_utils,
        *(rope for kind, rope in modeling_rope_utils.ROPE_INIT_FUNCTIONS.items() if kind != "proportional"))]
    names = set().union(*(attributes(part) for part in [tree, *shared]))
    config = PreTrainedConfig()
    return sorted(name for name in names if not callable(getattr(config, name, None)))


def logits_of(folder: Path, config: dict):
    (folder / "config.json").write_text(json.dumps(config))
    model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    if info["missing_keys"] or info["mismatched_keys"] or info["unexpected_keys"]:
        raise ValueError("other tensors")
    with torch.no_grad():
        return model.eval()(IDS).logits, model


def outcome(folder: Path, config: dict, base) -> str:
    try:
        logits, _ = logits_of(folder, config)
    except Exception:
        return "refused"
    return "same" if logits.shape == base.shape and (logits - base).abs().max() < 1e-5 else "different"


def changed(name: str, default):
    if name in OTHER or name in STRANGE:
        return OTHER.get(name, STRANGE.get(name))
    if isinstance(default, bool):
        return not default
    if isinstance(default, (int, float)):
        return default + 1 if isinstance(default, int) else 0.1 if default == 0 else default * 2
    return None


def rotary(model) -> dict:
    for module in model.modules():
        if hasattr(module, "inv_freq"):
            return {"inverseFrequencies": module.inv_freq.tolist(), "attentionScaling": module.attention_scaling}
    raise ValueError("no rotary embedding")


def main() -> None:
    torch.set_num_threads(1)
    found = {}
    for seed, (family, (config, module)) in enumerate(FAMILIES.items(), start=3):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config).eval()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            model.save_pretrained(folder)
            written = json.loads((folder / "config.json").read_text())
            base, _ = logits_of(folder, written)
            defaults = {field.name: field.default for field in dataclasses.fields(type(config))
                        if isinstance(field.default, (bool, int, float, str, type(None)))}
            read = read_by(module)
            names = sorted({*defaults, *read, *STRANGE, *OTHER} - {"model_type"})
            effects = {}
            for field in names:
                value = changed(field, written.get(field, defaults.get(field)))
                if value is not None and value != written.get(field):
                    effects[field] = [value, outcome(folder, {**written, field: value}, base)]
            found[family] = {"config": written, "fields": sorted(defaults), "read": read, "effects": effects}
            changes = {"llama": ROPE + ROPE_LONGER, "qwen3": ROPE, "phi3": ROPE_PHI3}.get(family)
            if changes:
                rope = []
                for change in changes:
                    without = {key: value for key, value in written.items() if key != "rope_parameters"}
                    _, loaded = logits_of(folder, {**without, **change})
                    rope.append({"change": change, **rotary(loaded)})
                found[family]["rope"] = rope
    write(FIXTURES / "config-fields.json", {"transformers": transformers.__version__, "families": found})


if __name__ == "__main__":
    main()
