"""When to poll a task again, and when to stop. Pure: the time and randomness are arguments."""

from __future__ import annotations

from airflow_provider_kling.polling.capacity import capacity_delay
from airflow_provider_kling.polling.experience import Experience
from airflow_provider_kling.polling.plan import PollEnd, PollingPlan, PollStatus, PollWindow
from airflow_provider_kling.polling.poller import Poller

__all__ = [
    "Experience",
    "PollEnd",
    "PollStatus",
    "PollWindow",
    "Poller",
    "PollingPlan",
    "capacity_delay",
]
