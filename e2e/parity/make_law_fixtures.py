"""Writes fixtures/laws.json: laws of mixtures fitted by SciPy to published and to made tables, and Sobol's first points.

    pip install scipy==1.17.1
    python e2e/parity/make_law_fixtures.py

Each fit is the best of many L-BFGS-B runs on the objective that src/core/laws has: the mean Huber loss (delta 0.02) of residuals, of log
residuals for the D-CPT law and repeated data. Tables that are made have a law's losses with Gaussian noise, rounded as a log file rounds.
"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.stats import qmc

DELTA = 0.02
rng = np.random.default_rng(7)


def huber(residuals):
    size = np.abs(residuals)
    return np.where(size <= DELTA, residuals**2 / 2, DELTA * (size - DELTA / 2)).mean()


def fit(law, x, y, starts, bounds, log=False):
    """Best parameters and objective. The objective is scaled up for the line search and down again."""
    def objective(theta):
        predicted = law(theta, x)
        if log:
            if np.any(predicted <= 0):
                return 1e6
            return 1e4 * huber(np.log(predicted) - np.log(y))
        return 1e4 * huber(predicted - y)

    best = None
    for start in starts:
        found = minimize(objective, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5000, "maxfun": 100000, "ftol": 1e-15, "gtol": 1e-10})
        found = minimize(objective, found.x, method="Nelder-Mead", bounds=bounds, options={"maxiter": 4000, "xatol": 1e-9, "fatol": 1e-14})
        if best is None or found.fun < best.fun:
            best = found
    return best.x, best.fun / 1e4


def exponential(theta, x):
    return theta[0] + np.exp(theta[1] * x + theta[2])


def fit_exponential(x, y):
    x, y = np.array(x), np.array(y)
    starts = []
    for gap in (0.02, 0.1, 0.4, 1, 3, 10):
        c = max(1e-6, y.min() - gap * (y.max() - y.min()))
        k, b = np.polyfit(x, np.log(y - c), 1)
        starts.append([c, k, b])
    theta, value = fit(exponential, x, y, starts, [(0, y.min() - 1e-9), (None, None), (None, None)])
    return {"parameters": theta.tolist(), "objective": value}


def pythia():
    share = [0.125, 0.25, 0.28515625, 0.375, 0.5]
    pile = [2.926166, 2.880493, 2.872070, 2.857072, 2.838757]
    python = [1.367859, 1.386261, 1.393265, 1.408447, 1.430862]
    kept = [0, 1, 3, 4]
    own = [1 - s for s in share]
    return {
        "base": {"pile": 2.8733676, "python": 1.8381195},
        "share": share,
        "losses": {"pile": pile, "python": python},
        "pile": fit_exponential([share[i] for i in kept], [pile[i] for i in kept]),
        "python": fit_exponential([own[i] for i in kept], [python[i] for i in kept]),
        "pileAll": fit_exponential(share, pile),
    }


def scratch():
    github = [0.25, 0.375, 0.5, 0.625, 0.75]
    losses = {"github": [1.481441, 1.428290, 1.366049, 1.328847, 1.292771], "pileCc": [3.535751, 3.572650, 3.611717, 3.668804, 3.751872]}
    return {
        "share": github,
        "losses": losses,
        "github": fit_exponential(github, losses["github"]),
        "pileCc": fit_exponential([1 - g for g in github], losses["pileCc"]),
    }


def many():
    """26 mixtures of five channels, and 8 kept back."""
    channels = ["zh", "en", "code", "math", "domain"]
    mixtures = np.round(rng.dirichlet([1.2] * 5, 34), 4)
    mixtures[:, -1] = np.round(1 - mixtures[:, :-1].sum(1), 4)
    t = np.array([[-2.6, -0.3, -0.1, 0.1, -0.2], [-0.2, -2.2, -0.4, 0.0, -0.1], [0.3, 0.2, -1.9, -0.5, 0.2], [0.2, 0.1, -0.9, -2.4, 0.1], [0.4, 0.1, 0.5, 0.3, -3.0]])
    c = np.array([2.4, 2.6, 1.1, 1.6, 1.9])
    clean = c + np.exp(mixtures @ t.T + 0.2)
    losses = np.round(clean + rng.normal(0, 0.003, clean.shape), 5)
    out = {"channels": channels, "mixtures": mixtures.tolist(), "losses": losses.tolist(), "kept": 26, "fits": {}}
    x = mixtures[:26]
    for i, channel in enumerate(channels):
        y = losses[:26, i]

        def law(theta, r):
            return theta[0] + np.exp(r @ theta[1:])

        starts = []
        for gap in (0.05, 0.2, 0.6, 1.5, 4):
            floor = max(1e-6, y.min() - gap * (y.max() - y.min()))
            starts.append([floor, *np.linalg.lstsq(x, np.log(y - floor), rcond=None)[0]])
        theta, value = fit(law, x, y, starts, [(0, y.min() - 1e-9)] + [(-40, 20)] * 5)
        # Leave-one-out of least squares in the shares, by the hat matrix.
        hat = x @ np.linalg.pinv(x)
        left = (y - hat @ y) / (1 - np.diag(hat))
        out["fits"][channel] = {
            "parameters": theta.tolist(),
            "objective": value,
            "predicted": law(theta, mixtures[26:]).tolist(),
            "leastSquares": np.linalg.lstsq(x, y, rcond=None)[0].tolist(),
            "leastSquaresLeaveOneOutR2": float(1 - (left**2).sum() / ((y - y.mean()) ** 2).sum()),
        }
    return out


def power_ridge(many_table):
    """Of the domain channel: the ridge on features of rms 1 with lambda 1e-5 a sample, its exponent by a grid."""
    x, y = np.array(many_table["mixtures"])[:26], np.array(many_table["losses"])[:26, 4]

    def ridge(a):
        features = x**a
        scale = np.sqrt((features**2).mean(0))
        z = features / scale
        centred, level = z - z.mean(0), y.mean()
        n = len(y)
        weights = np.linalg.solve(centred.T @ centred + 1e-5 * n * np.eye(5), centred.T @ (y - level))
        error = ((y - level - centred @ weights) ** 2).mean()
        return error, weights / scale, level - (weights * z.mean(0)).sum()

    grid = np.linspace(0.2, 3, 28001)
    a = grid[np.argmin([ridge(g)[0] for g in grid])]
    _, weights, constant = ridge(a)
    return {"exponent": float(a), "constant": float(constant), "weights": weights.tolist()}


def dcpt_reduced():
    domain = [0.90, 0.91, 0.92, 0.924, 0.93, 0.94, 1.0]
    general = [2.9052, 2.9193, 2.9376, 2.9445, 2.9644, 2.9848, 3.4667]
    own = np.array([1 - r for r in domain])

    def law(theta, x):
        return theta[0] + theta[1] / (x + theta[2]) ** theta[3]

    starts = [[2.6, 0.05, e, g] for e in (0.005, 0.03, 0.1) for g in (0.3, 0.8, 1.5)]
    theta, value = fit(law, own, np.array(general), starts, [(0, 4), (0, None), (1e-6, 2), (1e-3, 12)], log=True)
    return {"domain": domain, "losses": general, "parameters": theta.tolist(), "objective": value}


def dcpt():
    """Three sizes, three budgets, five shares; noise of 0.002."""
    rows = [(n, d, r) for n in (5e8, 1.8e9, 4e9) for d in (2e9, 5e9, 1e10) for r in (0.1, 0.25, 0.45, 0.7, 0.9)]
    n, d, r = np.array(rows).T
    truth = [1.9, 0.08, 0.15, 0.9, 0.35, 0.4, 0.25, 0.6, 0.3]  # E C ε γ A α B η β, A and B at the geometric means
    n0, d0 = np.exp(np.log(n).mean()), np.exp(np.log(d).mean())

    def law(theta, x):
        e, c, eps, gamma, a, alpha, b, eta, beta = theta
        size, tokens, share = x
        return e + c / (share + eps) ** gamma + a / (size / n0) ** alpha + b * share**eta / (tokens / d0) ** beta

    losses = np.round(law(truth, (n, d, r)) + rng.normal(0, 0.002, len(rows)), 5)
    starts = [truth, [1.5, 0.1, 0.2, 0.7, 0.5, 0.3, 0.4, 0.8, 0.2], [2, 0.05, 0.05, 1.5, 0.3, 0.6, 0.2, 0.4, 0.5]]
    bounds = [(0, 4), (0, None), (1e-6, 2), (1e-3, 12), (0, None), (1e-3, 4), (0, None), (1e-3, 8), (1e-3, 4)]
    theta, value = fit(law, (n, d, r), losses, starts, bounds, log=True)
    at = (np.array([1e9, 2e9]), np.array([4e9, 8e9]), np.array([0.3, 0.6]))
    return {"rows": rows, "losses": losses.tolist(), "objective": value, "truth": law(truth, at).tolist(), "predicted": law(theta, at).tolist()}


def repeats():
    unique, epochs = np.array([(u, e) for u in (2e7, 1e8) for e in (1, 2, 4, 8, 16, 40)]).T

    def law(theta, x):
        u, e = x
        tokens = u * (1 + theta[3] * (1 - np.exp((1 - e) / theta[3]))) / 1e8
        return theta[0] + theta[1] * tokens ** -theta[2]

    losses = np.round(law([2.1, 0.6, 0.35, 15.39], (unique, epochs)) + rng.normal(0, 0.001, len(unique)), 5)
    starts = [[2, 0.5, 0.3, s] for s in (5, 15, 40)]
    theta, value = fit(law, (unique, epochs), losses, starts, [(0, losses.min() - 1e-9), (0, None), (1e-3, 4), (0.1, 1000)], log=True)
    return {"unique": unique.tolist(), "epochs": epochs.tolist(), "losses": losses.tolist(), "parameters": theta.tolist(), "objective": value}


table = many()
fixture = {
    "pythia": pythia(),
    "scratch": scratch(),
    "many": table,
    "powerRidge": power_ridge(table),
    "dcptReduced": dcpt_reduced(),
    "dcpt": dcpt(),
    "repeats": repeats(),
    "sobol": qmc.Sobol(8, scramble=False).random(16).tolist(),
}
path = Path(__file__).parent / "fixtures" / "laws.json"
path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
print(path, path.stat().st_size, "bytes")
