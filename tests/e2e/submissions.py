"""Tell the submissions of one test from those of all others that share its sandbox."""

from __future__ import annotations

from collections import Counter

from airflow_provider_kling.sandbox.testing.process import SandboxProcess


def prompts_with(mark: str, sandbox: SandboxProcess) -> Counter[str]:
    """Count the requests whose prompt has the mark in it, by prompt, whatever became of them."""
    prompts = [str((post["body"] or {}).get("prompt")) for post in sandbox.requests("POST")]
    return Counter(prompt for prompt in prompts if mark in prompt)
