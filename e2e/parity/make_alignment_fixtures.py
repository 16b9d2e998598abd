"""Losses and gradients of learning from preferences, by TRL's own code on fixed numbers.

    pip install torch transformers "trl==1.16.0"
    pip install --no-deps --target OLD/0.24 "trl==0.24.0"        # the last with dpo_loss as a method of its own
    pip install --no-deps --target OLD/0.11 "trl==0.11.4"        # the last with PPO's loss, GAE and adaptive KL as methods of their own
    python e2e/parity/make_alignment_fixtures.py OLD/0.24 OLD/0.11       # writes fixtures/alignment.json

The old releases do not run beside today's transformers, so their functions are taken out of their files and run as they stand there.
Gradients are torch's autograd of the mean loss. Rows are padded behind their answers: mask 0.
"""
import ast
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.reward_trainer import RewardTrainer
from trl.trainer.utils import nanstd

from make_distillation_fixtures import digest
from make_fixtures import FIXTURES, floats, write


def published(path, *names):
    """Functions and classes of a file, by name, whether at its top or in a class; run with torch alone around them."""
    found = {node.name: node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in names}
    module = ast.Module([ast.ImportFrom("__future__", [ast.alias("annotations")], 0), *found.values()], [])
    space = {"torch": torch, "F": F, "np": np, "FDivergenceType": SimpleNamespace(ALPHA_DIVERGENCE="alpha", JS_DIVERGENCE="js"), "flatten_dict": lambda stats: stats}
    exec(compile(ast.fix_missing_locations(module), str(path), "exec"), space)
    return space


def leaf(values):
    return torch.tensor(values, dtype=torch.float32, requires_grad=True)


def draw(seed, *shape, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(*shape, generator=generator) * scale).tolist()


ACCELERATOR = SimpleNamespace(
    device=torch.device("cpu"), num_processes=1, gather=lambda x: x, gather_for_metrics=lambda x: x, reduce=lambda x, reduction: x, sync_gradients=True
)


def dpo(folder):
    """Σ log p of the answers, far apart in the last pair."""
    loss_of = published(folder / "trl/trainer/dpo_trainer.py", "dpo_loss")["dpo_loss"]
    numbers = [[-12.5, -30.25, -7.0, -90.0], [-14.0, -28.5, -7.0, -15.0], [-13.0, -31.0, -6.5, -20.0], [-13.5, -29.0, -6.25, -22.0]]
    cases = []
    for beta, smoothing in [(0.1, 0.0), (0.5, 0.1), (2.0, 0.0)]:
        chosen, rejected, ref_chosen, ref_rejected = (leaf(row) for row in numbers)
        trainer = SimpleNamespace(accelerator=ACCELERATOR, beta=beta, label_smoothing=smoothing, reference_free=False, f_divergence_type="reverse_kl")
        losses, *_ = loss_of(trainer, chosen, rejected, ref_chosen, ref_rejected)
        losses.mean().backward()
        cases.append(dict(beta=beta, labelSmoothing=smoothing, losses=floats(losses), gradients=[floats(chosen.grad), floats(rejected.grad)]))
    return dict(numbers=numbers, cases=cases)


def reward():
    chosen_rejected = [[1.5, -0.25, 30.0], [0.5, 0.75, -40.0]]
    cases = []
    for margin in (None, 0.7):
        scores = leaf(chosen_rejected)
        inputs = dict() if margin is None else dict(margin=torch.full((3,), margin))
        trainer = SimpleNamespace(
            model=SimpleNamespace(training=False), args=SimpleNamespace(center_rewards_coefficient=None), accelerator=ACCELERATOR,
            _metrics=defaultdict(lambda: defaultdict(list)), _total_train_tokens=0,
        )
        loss = RewardTrainer.compute_loss(trainer, lambda **_: SimpleNamespace(logits=scores.flatten().unsqueeze(1)), inputs)
        loss.backward()
        cases.append(dict(margin=margin or 0, loss=loss.item(), gradients=[floats(row) for row in scores.grad]))
    return dict(scores=chosen_rejected, cases=cases)


ROWS, LENGTH = 4, 6
MASK = [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0], [1, 1, 0, 0, 0, 0]]


def ppo(folder):
    core = published(folder / "trl/core.py", "masked_mean", "masked_var", "masked_whiten", "clip_by_value", "entropy_from_logits")
    methods = published(folder / "trl/trainer/ppo_trainer.py", "compute_rewards", "_kl_penalty", "compute_advantages", "loss")
    methods.update({name: core[name] for name in ("masked_mean", "masked_var", "masked_whiten", "clip_by_value", "entropy_from_logits")})
    mask = torch.tensor(MASK)
    old, ref = -torch.tensor(draw(1, ROWS, LENGTH)).abs(), -torch.tensor(draw(2, ROWS, LENGTH)).abs()
    values, scores = torch.tensor(draw(3, ROWS, LENGTH)) * mask, torch.tensor([1.0, -0.5, 0.25, 2.0])
    config = SimpleNamespace(kl_penalty="kl", gamma=0.9, lam=0.95, whiten_rewards=False, cliprange=0.2, cliprange_value=0.2, vf_coef=0.1, ratio_threshold=1e9)
    trainer = SimpleNamespace(config=config, kl_ctl=SimpleNamespace(value=0.2))
    trainer._kl_penalty = lambda a, b: methods["_kl_penalty"](trainer, a, b)
    rewards, _, kls = methods["compute_rewards"](trainer, scores, old * mask, ref * mask, mask)
    _, advantages, returns = methods["compute_advantages"](trainer, values, rewards, mask)
    new = leaf((old + torch.tensor(draw(4, ROWS, LENGTH, scale=0.4))).tolist())
    predicted = leaf((values + torch.tensor(draw(5, ROWS, LENGTH, scale=0.5))).tolist())
    logits = torch.tensor(draw(6, ROWS, LENGTH, 5))
    policy, value, _ = methods["loss"](trainer, old, values, logits, predicted, new, mask, advantages, returns)
    (policy + value).backward()
    controller = published(folder / "trl/trainer/utils.py", "AdaptiveKLController")["AdaptiveKLController"](0.2, 6, 100)
    coefficients = []
    for kl, steps in [(12.0, 16), (6.6, 16), (0.5, 8), (6.0, 16)]:
        controller.update(kl, steps)
        coefficients.append(dict(kl=kl, answers=steps, value=float(controller.value)))
    return dict(
        old=floats(old), ref=floats(ref), values=floats(values), scores=floats(scores), klCoefficient=0.2, gamma=0.9, lambda_=0.95,
        rewards=floats(rewards * mask), kl=floats(kls * mask), advantages=floats(advantages * mask), returns=floats(returns * mask),
        new=floats(new), predicted=floats(predicted), clip=0.2, valueClip=0.2, valueCoefficient=0.1, policyLoss=policy.item(), valueLoss=value.item(),
        gradients=[floats(new.grad), floats(predicted.grad)], adaptive=coefficients,
    )


def grpo():
    rewards = torch.tensor([[1.0, 0.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0], [0.0, 1.0, -1.0, 0.5]])
    mean, std = rewards.mean(1, keepdim=True), torch.stack([nanstd(row) for row in rewards]).unsqueeze(1)
    advantages = dict(group=floats((rewards - mean) / (std + 1e-4)), none=floats(rewards - mean), batch=floats((rewards - mean) / (nanstd(rewards) + 1e-4)))
    mask = torch.tensor(MASK)
    old, ref = -torch.tensor(draw(7, ROWS, LENGTH)).abs(), -torch.tensor(draw(8, ROWS, LENGTH)).abs()
    moved = (old + torch.tensor(draw(9, ROWS, LENGTH, scale=0.4))).tolist()
    given = torch.tensor([1.2, -0.7, 0.0, -0.5])
    cases = []
    for loss_type, beta, high in [("dapo", 0.0, 0.28), ("grpo", 0.04, 0.2), ("bnpo", 0.04, 0.2), ("dr_grpo", 0.04, 0.2)]:
        new = leaf(moved)
        trainer = SimpleNamespace(
            model=SimpleNamespace(training=False), _get_per_token_logps_and_entropies=lambda *_, **__: (new, torch.zeros(ROWS, LENGTH), None), aux_loss_enabled=False,
            top_entropy_quantile=1.0, off_policy_mask_threshold=None, importance_sampling_level="token", beta=beta, loss_type=loss_type, epsilon_low=0.2, epsilon_high=high,
            args=SimpleNamespace(use_bias_correction_kl=False, delta=None, steps_per_generation=1), use_vllm=False, max_completion_length=8, accelerator=ACCELERATOR,
            current_gradient_accumulation_steps=1, _entropy_bonus_enabled=False, _metrics=defaultdict(lambda: defaultdict(list)),
        )
        none = torch.zeros(ROWS, 0, dtype=torch.long)
        loss = GRPOTrainer._compute_loss(trainer, None, dict(
            prompt_ids=none, prompt_mask=none, completion_ids=mask, completion_mask=mask, advantages=given, old_per_token_logps=old, ref_per_token_logps=ref, num_items_in_batch=mask.sum(),
        ))
        loss.backward()
        kl = trainer._metrics["eval"]["kl"]
        cases.append(dict(loss=loss_type, beta=beta, low=0.2, high=high, value=loss.item(), gradient=floats(new.grad), **(dict(kl=kl[0]) if kl else {})))
    return dict(rewards=floats(rewards), scaled=advantages, old=floats(old), ref=floats(ref), new=floats(torch.tensor(moved)), advantages=floats(given), maxLength=8, cases=cases)


# Tokens of each row, and how many of them are the prompt: pairs, the chosen answer first.
PAIRS = [[4, 9, 12, 7, 3, 150], [4, 9, 12, 31, 0, 2, 77, 5], [60, 61, 20, 21, 22, 23, 24, 25, 26], [60, 61, 88]]
PROMPTS, SCORE_MARGINS = [3, 3, 2, 2], [0.0, 0.5]


def padded():
    longest = max(len(row) for row in PAIRS)
    ids = torch.tensor([row + [1] * (longest - len(row)) for row in PAIRS])
    return ids, torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in PAIRS])


def moved(parameter):
    places = torch.arange(parameter.numel(), dtype=torch.float64)
    parameter.data.add_((0.05 * torch.cos(1.3 * places + 1)).float().view_as(parameter))


def gradients(model):
    return {name: digest(parameter.grad) for name, parameter in model.named_parameters() if parameter.grad is not None}


def models(folder):
    """One step of DPO and of a reward model over whole models; the reference is the model moved as in make_distillation_fixtures.py."""
    name = "tiny-tied"
    ids, mask = padded()
    answer = torch.tensor([[at >= prompt and at < len(row) for at in range(ids.shape[1])] for row, prompt in zip(PAIRS, PROMPTS)])[:, 1:]
    open_model = lambda kind, **options: kind.from_pretrained(FIXTURES / name, dtype=torch.float32, attn_implementation="eager", **options).eval()

    def logps(model):
        by_token = F.log_softmax(model(ids, attention_mask=mask).logits[:, :-1], -1).gather(-1, ids[:, 1:, None])[..., 0]
        return (by_token * answer).sum(-1)

    policy, reference = open_model(AutoModelForCausalLM), open_model(AutoModelForCausalLM)
    for parameter in reference.parameters():
        moved(parameter)
    with torch.no_grad():
        told = logps(reference)
    trainer = SimpleNamespace(accelerator=ACCELERATOR, beta=0.3, label_smoothing=0.05, reference_free=False, f_divergence_type="reverse_kl")
    own = logps(policy)
    losses, chosen, rejected = published(folder / "trl/trainer/dpo_trainer.py", "dpo_loss")["dpo_loss"](trainer, own[0::2], own[1::2], told[0::2], told[1::2])
    losses.mean().backward()
    preferred = dict(losses=floats(losses), margins=floats(chosen - rejected), gradients=gradients(policy))

    scorer = open_model(AutoModelForSequenceClassification, num_labels=1, pad_token_id=1)
    places = torch.arange(scorer.score.weight.numel(), dtype=torch.float64)
    scorer.score.weight.data = (0.3 * torch.sin(1.1 * places)).float().view_as(scorer.score.weight)
    scores = scorer(ids, attention_mask=mask).logits[:, 0]
    rewarded = -F.logsigmoid(scores[0::2] - scores[1::2] - torch.tensor(SCORE_MARGINS))
    rewarded.mean().backward()
    scored = dict(losses=floats(rewarded), margins=floats(scores[0::2] - scores[1::2]), gradients=gradients(scorer))
    return dict(model=name, rows=PAIRS, prompts=PROMPTS, scoreMargins=SCORE_MARGINS, beta=0.3, labelSmoothing=0.05, dpo=preferred, reward=scored)


if __name__ == "__main__":
    newer, older = (Path(folder) for folder in sys.argv[1:])
    write(FIXTURES / "alignment.json", dict(mask=MASK, dpo=dpo(newer), reward=reward(), ppo=ppo(older), grpo=grpo(), models=models(newer)))
