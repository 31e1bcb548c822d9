"""CPU time per poll: this package's shared client side by side with the HTTP libraries; see ``README.md``."""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import subprocess
import sys

from benchmarks.clients import CLIENTS, CONNECTIONS
from benchmarks.server import running_server

RATIOS = [
    ("ours on httpx2", "bare httpx2"),
    ("ours on httpx", "bare httpx"),
    ("ours on httpx2", "bare aiohttp"),
    ("bare httpx", "bare httpx2"),
]


def cpu_ms(client: str, *, url: str, tasks: int, polls: int) -> float:
    """Measure one client in a process of its own; return CPU milliseconds per poll."""
    command = [sys.executable, "-m", "benchmarks.clients", client, url, str(tasks), str(polls)]
    return 1000 * float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run(clients: list[str], *, rounds: int, tasks: int, polls: int) -> list[dict[str, float]]:
    """Measure all clients in turn, several times. The order turns, so that none always comes first."""
    measured = []
    with running_server() as url:
        for number in range(rounds):
            start = number % len(clients)
            order = clients[start:] + clients[:start]
            measured.append({client: cpu_ms(client, url=url, tasks=tasks, polls=polls) for client in order})
            print(f"round {number + 1} of {rounds} is done", file=sys.stderr, flush=True)
    return measured


def report(measured: list[dict[str, float]]) -> str:
    """Return the medians over the rounds, and the medians of the ratios within each round."""
    clients = [client for client in CLIENTS if client in measured[0]]
    lines = [f"{'CPU ms per poll':32}{'median':>8}{'least':>8}{'most':>8}"]
    for client in clients:
        times = [of_round[client] for of_round in measured]
        lines.append(f"{client:32}{statistics.median(times):8.3f}{min(times):8.3f}{max(times):8.3f}")
    lines += ["", f"{'ratio in the same round':32}{'median':>8}{'least':>8}{'most':>8}"]
    for over, under in RATIOS:
        if {over, under} <= set(clients):
            ratios = [of_round[over] / of_round[under] for of_round in measured]
            row = f"{statistics.median(ratios):8.2f}{min(ratios):8.2f}{max(ratios):8.2f}"
            lines.append(f"{f'{over} / {under}':32}{row}")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark, and print its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="measurements of each client (default: 9)")
    parser.add_argument("--polls", type=int, default=20, help="polls of each task (default: 20)")
    parser.add_argument("--tasks", type=int, default=100, help="how many poll at once (default: 100)")
    options = parser.parse_args()
    clients = []
    for name, (module, _) in CLIENTS.items():
        if importlib.util.find_spec(module) is None:
            print(f"skipped: {name} ({module} is not installed)")
        else:
            clients.append(name)
    measured = run(clients, rounds=options.rounds, tasks=options.tasks, polls=options.polls)
    print(f"{options.tasks} tasks at once, {options.polls} polls each, {CONNECTIONS} connections")
    print(report(measured))


if __name__ == "__main__":
    main()
