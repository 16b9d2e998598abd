"""Makes the fixture of objectives that are not the next token: losses and gradients of a tiny decoder by transformers and torch.

    pip install torch transformers safetensors
    python e2e/parity/make_objective_fixtures.py

The model is families/olmo2, float32 on the CPU. `masked`: its weights under a mask that lets every token see all of its row, on rows with hidden tokens
and padding. `joint`: (1 - α) times that and α times the loss of the next token of the rows as they are, two hidden tokens in each row. `contrastive`: two
views and a hard negative of three texts; without dropout the views are other tokens here, so that the loss says something. Gradients are those of a
few tensors of the file.
"""
import torch
from transformers import AutoModelForCausalLM

from make_fixtures import FIXTURES, floats, write

ALPHA, TAU = 0.3, 0.05
TENSORS = ["model.embed_tokens.weight", "model.layers.0.self_attn.k_proj.weight", "model.layers.1.mlp.down_proj.weight"]
LOWEST = torch.finfo(torch.float32).min


def both_ways(padded):
    """Additive masks [rows, 1, T, T] under which all tokens but padding see each other; padding sees itself."""
    same = padded[:, :, None] == padded[:, None, :]
    return torch.where(same, 0.0, LOWEST)[:, None]


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    parameters = dict(model.named_parameters())
    return {name: floats(parameters[name].grad) for name in TENSORS}


def nll(logits, targets):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="none").view(targets.shape)


def main() -> None:
    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(FIXTURES / "families/olmo2", dtype=torch.float32, attn_implementation="eager").eval()
    generator = torch.Generator().manual_seed(5)
    whole = torch.randint(1, 27, (2, 7), generator=generator)
    targets = torch.full_like(whole, -1)
    ids = whole.clone()
    for row, place in ((0, 1), (0, 4), (1, 0), (1, 3)):
        targets[row, place] = whole[row, place]
        ids[row, place] = 28
    padded = torch.zeros_like(ids)
    padded[1, 5:] = 1
    positions = torch.arange(7).expand(2, 7)
    masked = nll(model(input_ids=ids, attention_mask=both_ways(padded), position_ids=positions).logits, targets)
    loss = masked.sum() / 4
    result = {
        "rows": 2, "context": 7, "whole": whole.flatten().tolist(), "ids": ids.flatten().tolist(), "targets": targets.flatten().tolist(),
        "padded": padded.flatten().tolist(),
        "masked": {"nll": floats(masked), "loss": loss.item(), "gradients": gradients(model, loss)},
    }

    masked = nll(model(input_ids=ids, attention_mask=both_ways(padded), position_ids=positions).logits, targets)
    causal = torch.where(torch.ones(7, 7).tril() > 0, 0.0, LOWEST)[None, None] + both_ways(padded).clamp(min=LOWEST / 2)
    following = torch.cat([whole[:, 1:], torch.full((2, 1), -1)], 1)
    following[padded > 0] = -1
    following[1, 4] = -1
    told = nll(model(input_ids=whole, attention_mask=causal.clamp(min=LOWEST), position_ids=positions).logits, following)
    means = told.sum(1) / (following >= 0).sum(1)
    loss = (1 - ALPHA) * masked.sum() / 4 + ALPHA * means.mean()
    result["joint"] = {"alpha": ALPHA, "mlm": masked.sum().item() / 4, "clm": told.sum().item() / int((following >= 0).sum()),
                       "loss": loss.item(), "gradients": gradients(model, loss)}

    texts = torch.randint(1, 28, (9, 6), generator=generator)
    texts[1::3] = texts[0::3]
    texts[1::3, 2] = texts[1::3, 2] % 27 + 1
    length = torch.tensor([6, 6, 5, 4, 4, 4, 6, 6, 6])
    result["texts"] = {"rows": 9, "context": 6, "ids": texts.flatten().tolist(), "lengths": length.tolist()}
    for pooling in ("mean", "last"):
        states = model.model(input_ids=texts).last_hidden_state
        inside = (torch.arange(6)[None] < length[:, None]).float()
        pooled = (states * inside[..., None]).sum(1) / length[:, None] if pooling == "mean" else states[torch.arange(9), length - 1]
        units = torch.nn.functional.normalize(pooled, dim=1)
        anchors, views, negatives = units[0::3], units[1::3], units[2::3]
        scores = anchors @ torch.cat([views, negatives]).T / TAU
        losses = torch.nn.functional.cross_entropy(scores, torch.arange(3), reduction="none")
        result[pooling] = {
            "losses": floats(losses), "alignment": (anchors - views).norm(dim=1).pow(2).mean().item(),
            "uniformity": torch.pdist(anchors).pow(2).mul(-2).exp().mean().log().item(), "gradients": gradients(model, losses.mean()),
        }
    write(FIXTURES / "objectives.json", result)


if __name__ == "__main__":
    main()
