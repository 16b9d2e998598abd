"""Writes a folder with a random model of every family, in shapes that the fixtures do not have, for check-studio-export.mjs:

    pip install torch transformers safetensors
    python e2e/parity/make_random_models.py FOLDER

They bear the tokenizer of the bundled base. Weights are drawn wide, so that attention and activations are far from linear.
"""
import argparse
import shutil
from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM, Gemma2Config, Gemma3TextConfig, GPT2Config, GPTNeoConfig, GPTNeoXConfig, LlamaConfig, MistralConfig, Olmo2Config,
    Phi3Config, Qwen2Config, Qwen3Config, SmolLM3Config, StableLmConfig,
)

TOKENIZER = Path(__file__).parents[2] / "public/models/nano"
TOKENS = dict(bos_token_id=0, eos_token_id=0, pad_token_id=None, initializer_range=0.15)
LLAMA3 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
MODELS = {
    "llama-6-3": (LlamaConfig(
        vocab_size=4096, hidden_size=48, intermediate_size=100, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=3,
        head_dim=10, max_position_embeddings=200, rope_parameters=LLAMA3, **TOKENS), torch.float32),
    "mistral-window-7": (MistralConfig(
        vocab_size=4099, hidden_size=60, intermediate_size=72, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
        head_dim=16, max_position_embeddings=130, sliding_window=7, tie_word_embeddings=True, **TOKENS), torch.bfloat16),
    "qwen2-6-2": (Qwen2Config(
        vocab_size=4200, hidden_size=72, intermediate_size=90, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2,
        max_position_embeddings=160, use_sliding_window=True, sliding_window=9, max_window_layers=2, **TOKENS), torch.float16),
    "qwen3-bias": (Qwen3Config(
        vocab_size=4096, hidden_size=40, intermediate_size=64, num_hidden_layers=2, num_attention_heads=5, num_key_value_heads=5,
        head_dim=24, max_position_embeddings=128, attention_bias=True, tie_word_embeddings=True, **TOKENS), torch.float32),
    "gpt2-64": (GPT2Config(vocab_size=4099, n_embd=45, n_layer=2, n_head=3, n_positions=64, **TOKENS), torch.float32),
    "pythia-like": (GPTNeoXConfig(
        vocab_size=4099, hidden_size=64, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4,
        max_position_embeddings=128, **TOKENS), torch.float16),
    "neox-sequential": (GPTNeoXConfig(
        vocab_size=4097, hidden_size=36, intermediate_size=50, num_hidden_layers=2, num_attention_heads=3, max_position_embeddings=96,
        use_parallel_residual=False, rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=1.0),
        tie_word_embeddings=True, **TOKENS), torch.float32),
    "gpt-neo-16": (GPTNeoConfig(
        vocab_size=4099, hidden_size=64, num_layers=4, num_heads=16, max_position_embeddings=96, window_size=9,
        attention_types=[[["global", "local"], 2]], **TOKENS), torch.float32),
    "gemma3-yarn": (Gemma3TextConfig(
        vocab_size=4100, hidden_size=40, intermediate_size=52, num_hidden_layers=7, num_attention_heads=4, num_key_value_heads=1, head_dim=18,
        max_position_embeddings=128, sliding_window=11, query_pre_attn_scalar=30, final_logit_softcapping=20.0, attn_logit_softcapping=10.0,
        attention_bias=True, rope_parameters={
            "full_attention": dict(rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=32),
            "sliding_attention": dict(rope_type="default", rope_theta=1e4)}, **TOKENS), torch.bfloat16),
    "gemma3-untied": (Gemma3TextConfig(
        vocab_size=4096, hidden_size=42, intermediate_size=30, num_hidden_layers=3, num_attention_heads=3, num_key_value_heads=3, head_dim=8,
        max_position_embeddings=64, sliding_window=64, tie_word_embeddings=False, hidden_activation="gelu", **TOKENS), torch.float32),
    "gemma2-caps": (Gemma2Config(
        vocab_size=4099, hidden_size=48, intermediate_size=66, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, head_dim=14,
        max_position_embeddings=100, sliding_window=10, attn_logit_softcapping=2.0, final_logit_softcapping=6.0, **TOKENS), torch.float16),
    "gemma2-uncapped": (Gemma2Config(
        vocab_size=4096, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=32,
        max_position_embeddings=100, sliding_window=7, attn_logit_softcapping=None, final_logit_softcapping=None,
        layer_types=["full_attention", "sliding_attention"], **TOKENS), torch.float32),
    "olmo2-bias": (Olmo2Config(
        vocab_size=4101, hidden_size=60, intermediate_size=70, num_hidden_layers=3, num_attention_heads=5, num_key_value_heads=1,
        max_position_embeddings=128, attention_bias=True, rope_parameters=dict(rope_type="linear", rope_theta=5e5, factor=3.0), **TOKENS), torch.float32),
    "phi3-long": (Phi3Config(
        vocab_size=4099, hidden_size=64, intermediate_size=90, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=128, original_max_position_embeddings=16, rope_parameters=dict(
            rope_type="longrope", rope_theta=1e4, partial_rotary_factor=0.75, short_factor=[1.0, 1.1, 1.2, 1.3, 1.4, 1.5],
            long_factor=[1.0, 1.5, 2.0, 3.0, 5.0, 9.0]), **TOKENS), torch.bfloat16),
    "phi3-window": (Phi3Config(
        vocab_size=4096, hidden_size=48, intermediate_size=50, num_hidden_layers=2, num_attention_heads=3, max_position_embeddings=64,
        sliding_window=13, tie_word_embeddings=True, **TOKENS), torch.float32),
    "smollm3-windows": (SmolLM3Config(
        vocab_size=4096, hidden_size=48, intermediate_size=64, num_hidden_layers=5, num_attention_heads=4, num_key_value_heads=2, head_dim=20,
        max_position_embeddings=128, no_rope_layers=[1, 0, 1, 1, 0], use_sliding_window=True, sliding_window=8, attention_bias=True,
        rope_parameters=dict(rope_type="yarn", rope_theta=1e5, factor=2.0, original_max_position_embeddings=32, truncate=False, beta_fast=8.0,
                             beta_slow=0.5, mscale=0.7, mscale_all_dim=1.3), **TOKENS), torch.float32),
    "llama-yarn": (LlamaConfig(
        vocab_size=4096, hidden_size=48, intermediate_size=60, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4,
        max_position_embeddings=128, hidden_act="gelu", rope_parameters=dict(
            rope_type="yarn", rope_theta=1e4, factor=8.0, original_max_position_embeddings=16, attention_factor=1.1), **TOKENS), torch.float32),
    "qwen3-dynamic": (Qwen3Config(
        vocab_size=4096, hidden_size=40, intermediate_size=64, num_hidden_layers=2, num_attention_heads=5, num_key_value_heads=1, head_dim=12,
        max_position_embeddings=24, rope_parameters=dict(rope_type="dynamic", rope_theta=1e4, factor=4.0), **TOKENS), torch.float32),
    "gpt2-scores": (GPT2Config(
        vocab_size=4096, n_embd=48, n_layer=3, n_head=4, n_positions=80, scale_attn_by_inverse_layer_idx=True, **TOKENS), torch.float32),
    "stablelm-parallel": (StableLmConfig(
        vocab_size=4099, hidden_size=64, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=96, use_parallel_residual=True, use_qkv_bias=True, **TOKENS), torch.float32),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parent = parser.parse_args().folder
    for seed, (name, (config, dtype)) in enumerate(MODELS.items()):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config)
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                if parameter.ndim == 1:
                    parameter.uniform_(-0.2, 0.2) if key.endswith("bias") else parameter.uniform_(0.5, 1.5)
        model.to(dtype).save_pretrained(parent / name)
        for file in ["tokenizer.json", "tokenizer_config.json"]:
            if (TOKENIZER / file).exists():
                shutil.copy(TOKENIZER / file, parent / name)


if __name__ == "__main__":
    main()
