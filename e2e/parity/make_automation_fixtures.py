"""Decisions of the rules that move a run's shares (src/core/mixture/automation.ts), computed with NumPy.

    python e2e/parity/make_automation_fixtures.py > e2e/parity/fixtures/automation.json
"""

import json

import numpy as np

rng = np.random.default_rng(20)


def softmax(prior, losses, temperature):
    weights = prior * np.exp((losses - losses.max()) / temperature)
    return weights / weights.sum()


def doremi(alpha, excess, rate=1.0, smoothing=1e-3):
    grown = alpha * np.exp(rate * np.maximum(excess, 0))
    return (1 - smoothing) * grown / grown.sum() + smoothing / len(alpha)


def fit(tokens, losses):
    """Least squares of eps + beta * n ** -alpha, eps and beta at least 0, at 40 exponents."""
    best = None
    for alpha in 0.02 * 50 ** (np.arange(40) / 39):
        x = tokens**-alpha
        design = np.stack([np.ones_like(x), x], axis=1)
        epsilon, beta = np.linalg.lstsq(design, losses, rcond=None)[0]
        if beta < 0:
            epsilon, beta = losses.mean(), 0.0
        if epsilon < 0:
            epsilon, beta = 0.0, (x @ losses) / (x @ x)
        error = ((losses - epsilon - beta * x) ** 2).sum()
        if best is None or error < best[0]:
            best = (error, epsilon, beta, alpha)
    return best[1:]


prior = np.array([0.5, 0.3, 0.2])
excess = rng.normal(0.1, 0.3, (6, 3))
alpha = prior
path = []
for step in excess:
    alpha = doremi(alpha, step, 2.0, 0.02)
    path.append(alpha)

losses = np.array([2.1, 3.4, 2.7])
counts = rng.dirichlet([5, 3, 2], 5)
tokens = np.zeros(3)
average, seen = prior.copy(), prior.copy()
constants = [(1.5, 0.8, 0.3), (1.2, 0.7, 0.25), (2.0, 0.9, 0.5)]  # log beta, log epsilon, alpha
ado = []
for t, share in enumerate(counts):
    tokens = tokens + 4096 * share
    speed = np.array(
        [max(a, 0.05) * np.exp(b) * n**-a / n for (b, _, a), n in zip(constants, tokens)]
    )
    d = speed * prior * np.sqrt(seen)
    d = d / d.sum()
    p = np.maximum(0.01, 0.9 * average + 0.1 * d)
    ado.append((p / p.sum()).tolist())
    average = average + (d - average) / (t + 1)
    seen = 0.9 * seen + 0.1 * share

n = np.arange(1, 41) * 500.0
curve = 2.2 + 5.0 * n**-0.35 + rng.normal(0, 0.01, 40)
epsilon, beta, exponent = fit(n, curve)



def control(answer, lag, steps=60, line=np.log(0.95)):
    """Share of the domain under the controller; log retention goes to -answer * (logit(share) - logit(1/6)) by `lag` of the way at each evaluation."""
    start = np.log(1 / 5)
    gain, last, x, before, u = 4.0, 0.0, 0.0, 0.0, start
    shares, retention = [], []
    for _ in range(steps):
        x = x + lag * (-answer * (u - start) - x)
        move = np.clip(gain * (x - line + 3 * (x - before)), -0.6, 0.6)
        before = x
        if move * last < 0 and min(abs(move), abs(last)) >= 0.03:
            gain, move = gain / 2, move / 2
        last = move
        u = np.clip(u + move, np.log(0.01 / 0.99), np.log(0.9 / 0.1))
        shares.append(1 / (1 + np.exp(-u)))
        retention.append(np.exp(x))
    return {"answer": answer, "lag": lag, "retention": [float(r) for r in retention[:12]], "shares": [float(s) for s in shares[:12]], "end": float(retention[-1]), "least": float(min(retention))}


print(
    json.dumps(
        {
            "softmax": [
                {"temperature": t, "shares": softmax(prior, losses, t).tolist()} for t in (0.1, 1.0, 10.0)
            ],
            "control": [control(answer, lag) for answer, lag in ((0.02, 1), (0.05, 0.2), (0.5, 0.5), (1, 0.2))],
            "losses": losses.tolist(),
            "prior": prior.tolist(),
            "doremi": {"rate": 2.0, "smoothing": 0.02, "excess": excess.tolist(), "shares": [p.tolist() for p in path]},
            "ado": {"laws": constants, "counts": counts.tolist(), "tokens": 4096, "shares": ado},
            "fit": {"tokens": n.tolist(), "losses": curve.tolist(), "law": [float(epsilon), float(beta), float(exponent)]},
        }
    )
)
