"""Makes fixtures/ops.json: single ops as PyTorch and transformers compute them, with gradients.

    pip install torch transformers
    python e2e/parity/make_op_fixtures.py

Float32 on the CPU, seeded. Gradients are those of Σ dy·y.
"""
import json
from pathlib import Path

import torch
from transformers import masking_utils
from transformers.activations import ACT2FN
from transformers.models.gpt_neox.modeling_gpt_neox import apply_rotary_pos_emb

FIXTURE = Path(__file__).parent / "fixtures" / "ops.json"
generator = torch.Generator().manual_seed(20261122)


def drawn(*shape: int, scale: float = 1.0) -> torch.Tensor:
    return (torch.randn(*shape, generator=generator) * scale).requires_grad_()


def floats(tensor) -> list[float]:
    """Nine significant digits carry a float32 exactly."""
    return [float(f"{x:.9g}") for x in torch.as_tensor(tensor).detach().float().flatten().tolist()]


def described(inputs: dict[str, torch.Tensor], y: torch.Tensor, **attributes) -> dict:
    dy = torch.randn(y.shape, generator=generator)
    y.backward(dy)
    return {
        **attributes,
        "inputs": {name: {"shape": list(x.shape), "values": floats(x), "gradient": floats(x.grad)} for name, x in inputs.items()},
        "dy": floats(dy),
        "y": floats(y),
    }


def layer_norm() -> dict:
    x, weight, bias = drawn(5, 18, scale=3), drawn(18), drawn(18)
    return described({"x": x, "weight": weight, "bias": bias}, torch.nn.functional.layer_norm(x, (18,), weight, bias, 1e-5), epsilon=1e-5)


def gelu(name: str) -> dict:
    """Near 0, where it bends, and far out where Φ is 0 or 1."""
    x = torch.cat([torch.linspace(-9, 9, 73), torch.tensor([-40.0, -1e-3, 1e-4, 40.0, 1e4])]).requires_grad_()
    return described({"x": x}, ACT2FN[name](x))


def rotary() -> dict:
    """GPT-NeoX with rotary_pct ½: one sequence of 7, 3 heads of 12 of which 6 turn."""
    context, heads, size, turning = 7, 3, 12, 6
    x = drawn(context, heads * size)
    frequencies = 10000.0 ** (-torch.arange(0, turning, 2) / turning)
    angles = torch.outer(torch.arange(context).float(), frequencies)
    cos, sin = (torch.cat([of(angles), of(angles)], -1) for of in (torch.cos, torch.sin))
    by_head = x.view(1, context, heads, size).transpose(1, 2)
    turned, _ = apply_rotary_pos_emb(by_head, by_head, cos[None], sin[None])
    y = turned.transpose(1, 2).reshape(context, heads * size)
    return described({"x": x}, y, context=context, heads=heads, turning=turning, cos=floats(cos), sin=floats(sin))


def window() -> dict:
    """Mistral's mask: 2 sequences of 21, 4 query heads on 2, a window of 6."""
    batch, context, heads, kv_heads, size, width = 2, 21, 4, 2, 6, 6
    q, k, v = (drawn(batch * context, n * size) for n in (heads, kv_heads, kv_heads))
    by_head = lambda t, n: t.view(batch, context, n, size).transpose(1, 2)
    allowed = masking_utils.sliding_window_causal_mask_function(width)
    positions = torch.arange(context)
    mask = torch.tensor([[bool(allowed(0, 0, i, j)) for j in positions] for i in positions])
    mixed = torch.nn.functional.scaled_dot_product_attention(by_head(q, heads), by_head(k, kv_heads), by_head(v, kv_heads), attn_mask=mask, enable_gqa=True)
    y = mixed.transpose(1, 2).reshape(batch * context, heads * size)
    return described({"q": q, "k": k, "v": v}, y, batch=batch, context=context, heads=heads, kvHeads=kv_heads, scale=size**-0.5, window=width)


if __name__ == "__main__":
    # gelu_new and the exact form as transformers names them.
    ops = {"layerNorm": layer_norm(), "exact": gelu("gelu"), "tanh": gelu("gelu_new"), "rotary": rotary(), "window": window()}
    FIXTURE.write_text(json.dumps(ops, separators=(",", ":")) + "\n", encoding="utf-8")
    print(FIXTURE.name, FIXTURE.stat().st_size, "bytes")
