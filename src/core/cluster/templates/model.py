# SPDX-License-Identifier: Apache-2.0
"""The model of a run: how it is loaded, what of it is trained, the loss of its tokens, and what holds it near the base."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModelForCausalLM

from data import IGNORED, Rng, Row, Text, derive_seed, row_at
from plan import Recipe, Refused

ROLES = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "o": "o_proj", "gate": "gate_proj", "up": "up_proj", "down": "down_proj"}


def load_model(folder: str, recipe: Recipe, device: torch.device, checkpointing: bool = False) -> nn.Module:
    """In float32 (mixed precision casts in the forward pass), with what the method of the recipe makes of it."""
    method = recipe.get("method", {})
    options: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": "sdpa"}
    if method.get("quantisation"):
        from transformers import BitsAndBytesConfig

        nf4 = {
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_use_double_quant": True,
            "bnb_4bit_compute_dtype": torch.bfloat16,
        }
        options["quantization_config"] = BitsAndBytesConfig(**(nf4 if method["quantisation"] == "nf4" else {"load_in_8bit": True}))
        options["device_map"] = {"": device}
    model = AutoModelForCausalLM.from_pretrained(folder, **options)
    model.config.use_cache = False
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            # The end of a text is often the padding token too, and torch would leave that row without a gradient.
            module.padding_idx = None
    if method.get("kind") == "lora":
        model = with_adapter(model, method)
    elif method.get("kind") == "partial":
        train_in_part(model, method)
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        if method:
            model.enable_input_require_grads()
    return model


def with_adapter(model: nn.Module, method: dict[str, Any]) -> nn.Module:
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    if method.get("quantisation"):
        model = prepare_model_for_kbit_training(model)
    targets: Any = [ROLES.get(target, target) for target in method["targets"]]
    if "all-linear" in targets:
        targets = "all-linear"
    elif any("*" in target for target in targets):
        targets = r"(?:.*\.)?(?:" + "|".join(re.escape(target).replace(r"\*", ".*") for target in targets) + ")"
    tables = {"embeddings": model.get_input_embeddings(), "head": model.get_output_embeddings()}
    saved = [name for name, module in model.named_modules() if any(module is tables[one] for one in method.get("modulesToSave", []))]
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=method["r"],
        lora_alpha=method["alpha"],
        lora_dropout=method.get("dropout", 0.0),
        target_modules=targets,
        use_rslora=method.get("rankStabilised", False),
        modules_to_save=saved or None,
    )
    return get_peft_model(model, config)


def layer_of(name: str) -> int | None:
    found = re.search(r"\.(?:layers|h|blocks)\.(\d+)\.", f".{name}")
    return int(found.group(1)) if found else None


def train_in_part(model: nn.Module, method: dict[str, Any]) -> None:
    """Leaves all frozen but the last blocks and the modules that the method names."""
    last = method["lastLayers"]
    layers = model.config.num_hidden_layers
    patterns = [re.compile(rf"(?:^|\.){re.escape(end).replace(re.escape('*'), '.*')}$") for end in method.get("modules", [])]
    embeddings, head = table_ids(model)
    for name, parameter in model.named_parameters():
        layer, module = layer_of(name), name.rsplit(".", 1)[0]
        wanted = any(pattern.search(module) for pattern in patterns)
        if layer is not None:
            wanted |= last == "all" or layer >= layers - last
        elif id(parameter) in embeddings:
            wanted |= method.get("embeddings", False)
        else:
            wanted |= method.get("head" if id(parameter) in head else "finalNorm", False)
        parameter.requires_grad_(wanted)


def table_ids(model: nn.Module) -> tuple[set[int], set[int]]:
    """Parameters of embedding tables, of tokens and positions, and of a head of its own."""
    embeddings = {id(p) for module in model.modules() if isinstance(module, nn.Embedding) for p in module.parameters()}
    head = {id(p) for p in model.get_output_embeddings().parameters()}
    return embeddings, head - embeddings


def optimizer_of(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW: no decay of norms, biases and embeddings; a factor of the rate by layer where the recipe has one."""
    settings, layers = recipe["optimizer"], model.config.num_hidden_layers
    embeddings, _ = table_ids(model)
    decay = settings.get("weightDecay", 0.1)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        layer, table = layer_of(name), id(parameter) in embeddings
        above = layers + 1 if table else 0 if layer is None else layers - layer
        # DeepSpeed's third stage has parameters in parts, and says what the whole is like.
        axes = len(getattr(parameter, "ds_shape", parameter.shape))
        key = (0.0 if axes < 2 or table else decay, settings.get("layerDecay", 1.0) ** above)
        groups.setdefault(key, []).append(parameter)
    # An anchor decays towards the base itself, by `decay`.
    own = 0.0 if "decayTowards" in recipe.get("regularisation", {}) else 1.0
    made = [{"params": some, "weight_decay": pull * own, "decay": pull, "scale": scale} for (pull, scale), some in groups.items()]
    betas = (settings.get("beta1", 0.9), settings.get("beta2", 0.95))
    return torch.optim.AdamW(made, lr=0.0, betas=betas, eps=settings.get("epsilon", 1e-8))


def tensors_of(rows: list[Row], device: torch.device) -> dict[str, Any]:
    """Inputs of a forward pass over rows; documents of a row that are apart see nothing of each other and have positions of their own."""
    stacked = {name: np.stack([getattr(row, name) for row in rows]) for name in ("ids", "targets")}
    batch: dict[str, Any] = {name: torch.from_numpy(values).to(device) for name, values in stacked.items()}
    batch["channels"] = torch.tensor([row.channel for row in rows], device=device)
    batch["mask"], batch["positions"] = None, None
    if rows[0].documents is not None:
        documents = torch.from_numpy(np.stack([row.documents for row in rows])).to(device)
        context = documents.shape[1]
        causal = torch.ones(context, context, dtype=torch.bool, device=device).tril()
        batch["mask"] = ((documents[:, :, None] == documents[:, None, :]) & causal)[:, None]
        places = torch.arange(context, device=device).expand_as(documents)
        begins = F.pad(documents[:, 1:] != documents[:, :-1], (1, 0), value=True)
        batch["positions"] = places - torch.where(begins, places, 0).cummax(1).values
    return batch


def logits_of(model: nn.Module, batch: dict[str, Any]) -> Tensor:
    return model(input_ids=batch["ids"], attention_mask=batch["mask"], position_ids=batch["positions"], use_cache=False).logits.float()


def token_nll(logits: Tensor, targets: Tensor) -> Tensor:
    """nats of each token [rows, context]; 0 where none is predicted."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none").view_as(targets)


def channel_sums(nll: Tensor, batch: dict[str, Any], channels: int) -> tuple[list[float], list[float]]:
    """nats and predicted tokens of each channel."""
    rows, counts = nll.detach().double().sum(1), (batch["targets"] != IGNORED).sum(1)
    of = [batch["channels"] == channel for channel in range(channels)]
    return [float(rows[own].sum()) for own in of], [float(counts[own].sum()) for own in of]


class Teacher:
    """Of a token of a taught row the loss is (1 − β(1 − α)) · CE + β(1 − α) · T² · KL(teacher ‖ model), β rising to 1 over the warmup."""

    def __init__(self, model: nn.Module, recipe: Recipe, device: torch.device) -> None:
        self.model, self.settings = model.eval().requires_grad_(False).to(device), recipe["regularisation"]["distillation"]
        rows = self.settings.get("rows", "general")
        self.taught = torch.tensor([rows in ("all", channel["role"]) for channel in recipe["channels"]], device=device)

    def loss(self, nll: Tensor, logits: Tensor, batch: dict[str, Any], step: int) -> Tensor:
        warmup, temperature = self.settings.get("warmup", 0), self.settings.get("temperature", 2)
        weight = (min(1.0, step / warmup) if warmup else 1.0) * (1 - self.settings.get("alpha", 0.5))
        taught = self.taught[batch["channels"]]
        if weight == 0 or not bool(taught.any()):
            return nll
        with torch.no_grad():
            goal = F.log_softmax(logits_of(self.model, batch) / temperature, -1)
        divergence = F.kl_div(F.log_softmax(logits / temperature, -1), goal, reduction="none", log_target=True).sum(-1)
        lesson = (1 - weight) * nll + weight * temperature**2 * divergence * (batch["targets"] != IGNORED)
        return torch.where(taught[:, None], lesson, nll)


class Anchor:
    """Holds weights near those of the base: L2-SP, elastic weight consolidation, and weight decay that pulls to the base."""

    def __init__(self, model: nn.Module, recipe: Recipe) -> None:
        self.settings = recipe.get("regularisation", {})
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.start = [parameter.detach().clone() for parameter in self.parameters]
        self.fisher: list[Tensor] | None = None

    @staticmethod
    def asked(recipe: Recipe) -> bool:
        return any(key in recipe.get("regularisation", {}) for key in ("l2sp", "ewc", "decayTowards"))

    def measure(self, model: nn.Module, recipe: Recipe, texts: dict[str, Text], accelerator: Any) -> None:
        """Fisher information of the base on general text: mean over sequences of the squared gradient of log p. Every rank has the same."""
        context, seed = recipe["sequenceLength"], recipe["seed"]
        general = [texts[channel["id"]] for channel in recipe["channels"] if channel["role"] == "general"]
        places, labels = Rng(derive_seed(seed, "fisher", "rows")), Rng(derive_seed(seed, "fisher", "labels"))
        ewc = self.settings["ewc"]
        self.fisher = [torch.zeros_like(parameter) for parameter in self.parameters]
        for number in range(ewc["sequences"]):
            text = general[number % len(general)]
            start = places.integer(len(text.ids) - context)
            batch = tensors_of([row_at(text, 0, start, 0, context, recipe.get("packing") == "separate")], accelerator.device)
            logits = logits_of(model, batch)
            if ewc["labels"] == "model":
                sums = logits[0].detach().double().softmax(-1).cumsum(-1).cpu()
                for at in (batch["targets"][0] != IGNORED).nonzero().flatten().tolist():
                    mark = labels.next() / 2**32 * float(sums[at, -1])
                    batch["targets"][0, at] = min(int(torch.searchsorted(sums[at], mark, right=True)), sums.shape[1] - 1)
            accelerator.backward(token_nll(logits, batch["targets"]).sum() * accelerator.gradient_accumulation_steps)
            for own, parameter in zip(self.fisher, self.parameters, strict=True):
                if parameter.grad is not None:
                    own.add_(parameter.grad.square() / ewc["sequences"])
            model.zero_grad(set_to_none=True)

    @torch.no_grad()
    def add_gradients(self) -> None:
        l2sp, ewc = self.settings.get("l2sp"), self.settings.get("ewc")
        for at, (parameter, start) in enumerate(zip(self.parameters, self.start, strict=True)):
            if parameter.grad is None:
                continue
            if l2sp:
                parameter.grad.add_(parameter - start, alpha=l2sp["lambda"])
            if ewc and self.fisher:
                parameter.grad.add_(self.fisher[at] * (parameter - start), alpha=ewc["lambda"])

    @torch.no_grad()
    def pull(self, groups: list[dict[str, Any]]) -> None:
        """Weight decay towards the base; the groups' own must be 0."""
        rates = {id(parameter): group["lr"] * group["decay"] for group in groups for parameter in group["params"]}
        for parameter, start in zip(self.parameters, self.start, strict=True):
            parameter.sub_(parameter - start, alpha=rates[id(parameter)])


def check_targets(recipe: Recipe, distributed: str) -> None:
    """What this way of distributing cannot do with the recipe."""
    if Anchor.asked(recipe) and distributed == "DEEPSPEED":
        raise Refused(
            "L2-SP, EWC and decay towards the base need gradients between two passes, which DeepSpeed keeps to itself; take ddp or fsdp."
        )
