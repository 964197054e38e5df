"""Logistic regression on pooled features: what a head is before its backbone learns."""
import torch
import torch.nn.functional as F


def regression(x, y, classes, decay=3e-3):
    """Weights (classes, channels + 1) of balanced multinomial logistic regression."""
    counts = torch.bincount(y, minlength=classes).float()
    balance = (counts.sum() / counts.clamp(min=1)) / classes
    weight = torch.zeros(classes, x.shape[1] + 1, requires_grad=True)
    rows = torch.cat([x, torch.ones(len(x), 1)], 1)
    optimiser = torch.optim.LBFGS([weight], max_iter=120, history_size=8, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        value = F.cross_entropy(rows @ weight.T, y, weight=balance) + decay * weight[:, :-1].square().sum()
        value.backward()
        return value

    optimiser.step(loss)
    return weight.detach()


def raw_head(x, y, classes, decay=3e-3):
    """(weight, bias) for features as they are; the fit is on standardised ones, which converge."""
    mean, spread = x.mean(0), x.std(0) + 1e-2
    fitted = regression((x - mean) / spread, y, classes, decay)
    weight = fitted[:, :-1] / spread
    return weight, fitted[:, -1] - weight @ mean
