"""Tell the submissions of one test from those of all others that share its sandbox."""

from __future__ import annotations

from collections import Counter
from typing import Any

from airflow_provider_kling.sandbox.testing.process import SandboxProcess


def prompts_with(mark: str, sandbox: SandboxProcess) -> Counter[str]:
    """Count the requests whose prompt has the mark in it, by prompt, whatever became of them."""
    prompts = [str(prompt_of(post["body"])) for post in sandbox.requests("POST")]
    return Counter(prompt for prompt in prompts if mark in prompt)


def prompt_of(body: Any) -> Any:
    """Return the prompt of a submission: a field, or on Kling's platform perhaps a part of the contents."""
    told = body or {}
    parts = [part.get("text") for part in told.get("contents", ()) if part.get("type") == "prompt"]
    return told.get("prompt", parts[0] if parts else None)
