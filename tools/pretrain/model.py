"""The base's Llama decoder for training on a CPU: plain tensors, parameters named as in transformers."""
import math

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, c: dict):
        super().__init__()
        d, hd = c["hidden_size"], c["hidden_size"] // c["num_attention_heads"]
        kv = hd * c["num_key_value_heads"]
        self.heads, self.kv_heads, self.head_dim, self.eps = c["num_attention_heads"], c["num_key_value_heads"], hd, c["rms_norm_eps"]
        self.input_layernorm = nn.Parameter(torch.ones(d))
        self.post_attention_layernorm = nn.Parameter(torch.ones(d))
        self.q_proj = nn.Linear(d, d, bias=False)
        self.k_proj = nn.Linear(d, kv, bias=False)
        self.v_proj = nn.Linear(d, kv, bias=False)
        self.o_proj = nn.Linear(d, d, bias=False)
        self.gate_proj = nn.Linear(d, c["intermediate_size"], bias=False)
        self.up_proj = nn.Linear(d, c["intermediate_size"], bias=False)
        self.down_proj = nn.Linear(c["intermediate_size"], d, bias=False)

    def forward(self, x, cos, sin):
        b, t, d = x.shape
        h = F.rms_norm(x, (d,), self.input_layernorm, self.eps)
        q = self.q_proj(h).view(b, t, self.heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(h).view(b, t, self.kv_heads, self.head_dim).transpose(1, 2)
        v = self.v_proj(h).view(b, t, self.kv_heads, self.head_dim).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        groups = self.heads // self.kv_heads
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o_proj(y.transpose(1, 2).reshape(b, t, d))
        h = F.rms_norm(x, (d,), self.post_attention_layernorm, self.eps)
        return x + self.down_proj(F.silu(self.gate_proj(h)) * self.up_proj(h))


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), -1)
    return (x * cos + turned * sin).to(x.dtype)


class Nano(nn.Module):
    def __init__(self, c: dict, vocab: int):
        super().__init__()
        self.config = c
        d, hd = c["hidden_size"], c["hidden_size"] // c["num_attention_heads"]
        self.embed_tokens = nn.Embedding(vocab, d)
        self.layers = nn.ModuleList(Block(c) for _ in range(c["num_hidden_layers"]))
        self.norm = nn.Parameter(torch.ones(d))
        nn.init.normal_(self.embed_tokens.weight, std=0.02)
        for name, p in self.named_parameters():
            if p.ndim == 2 and "proj" in name:
                std = 0.02 if "o_proj" not in name and "down_proj" not in name else 0.02 / math.sqrt(2 * c["num_hidden_layers"])
                nn.init.normal_(p, std=std)
        frequency = c["rope_theta"] ** (-torch.arange(0, hd, 2).float() / hd)
        angle = torch.outer(torch.arange(c["max_position_embeddings"]).float(), frequency).repeat(1, 2)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def forward(self, ids, targets):
        """Mean nll, nats, of targets [rows, t] given ids [rows, t]."""
        t = ids.shape[1]
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, self.cos[:t], self.sin[:t])
        x = F.rms_norm(x, (x.shape[-1],), self.norm, self.config["rms_norm_eps"])
        logits = F.linear(x, self.embed_tokens.weight)
        return F.cross_entropy(logits.float().view(-1, logits.shape[-1]), targets.reshape(-1))

    def hugging_face_names(self) -> dict[str, nn.Parameter]:
        """The parameters under transformers' names."""
        named = {"model.embed_tokens.weight": self.embed_tokens.weight, "model.norm.weight": self.norm}
        for i, layer in enumerate(self.layers):
            for name, p in layer.named_parameters():
                part = name.split(".")[0]
                group = "self_attn." if part[:2] in ("q_", "k_", "v_", "o_") else "" if "layernorm" in part else "mlp."
                named[f"model.layers.{i}.{group}{part}.weight"] = p
        return named

    def hugging_face_state(self, dtype) -> dict:
        return {k: v.detach().to(dtype).contiguous().clone() for k, v in self.hugging_face_names().items()}
