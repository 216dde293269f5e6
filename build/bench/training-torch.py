"""The bench's five models in PyTorch. Reads lines of JSON (model, batch, seconds, threads), answers each with the milliseconds of its steps and of the processor."""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

IMAGE = (1, 28, 28)


class Block(nn.Module):
    def __init__(self, size, heads, inner):
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(size), nn.LayerNorm(size)
        self.qkv, self.projection = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.up, self.down = nn.Linear(size, inner), nn.Linear(inner, size)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (
            part.view(b, t, self.heads, c // self.heads).transpose(1, 2)
            for part in self.qkv(self.first(x)).split(c, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.projection(y.transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.second(x)), approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(65, 128)
        self.positions = nn.Parameter(torch.randn(64, 128) * 0.02)
        self.blocks = nn.Sequential(Block(128, 4, 512), Block(128, 4, 512))
        self.norm, self.head = nn.LayerNorm(128), nn.Linear(128, 65)

    def forward(self, ids):
        return self.head(self.norm(self.blocks(self.embedding(ids) + self.positions)))


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.lstm = nn.Embedding(65, 128), nn.LSTM(128, 128, batch_first=True)
        self.head = nn.Linear(128, 65)

    def forward(self, ids):
        return self.head(self.lstm(self.embedding(ids))[0])


def cnn(kernel, first, second, inner):
    head = [nn.Linear(49 * second, 10)] if inner is None else [nn.Linear(49 * second, inner), nn.ReLU(), nn.Linear(inner, 10)]
    return nn.Sequential(
        nn.Conv2d(1, first, kernel, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(first, second, kernel, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), *head,
    )


MODELS = {
    "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)),
    "cnn": lambda: cnn(3, 8, 16, None),
    "cnn-mcmahan": lambda: cnn(5, 32, 64, 512),
    "transformer": Transformer,
    "lstm": Lstm,
}
kept = {}


def state(name, batch):
    if name not in kept:
        torch.manual_seed(1)
        model = MODELS[name]()
        isText = name in ("transformer", "lstm")
        x = torch.randint(0, 65, (batch, 64)) if isText else torch.randn(batch, *IMAGE)
        y = torch.randint(0, 65, (batch, 64)) if isText else torch.randint(0, 10, (batch,))
        kept[name] = (model, torch.optim.SGD(model.parameters(), lr=0.01), x, y)
    return kept[name]


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    out = model(x)
    loss = F.cross_entropy(out.flatten(0, -2), y.flatten())
    loss.backward()
    optimizer.step()
    return loss.item()


for line in sys.stdin:
    order = json.loads(line)
    torch.set_num_threads(order["threads"])
    parts = state(order["model"], order["batch"])
    for _ in range(3):
        step(*parts)
    times = []
    used = time.process_time()
    end = time.perf_counter() + order["seconds"]
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        step(*parts)
        times.append((time.perf_counter() - start) * 1000)
    used = (time.process_time() - used) * 1000 / len(times)
    print(json.dumps({"stepMs": times, "processorMs": used}), flush=True)
