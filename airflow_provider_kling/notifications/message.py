"""What a chat shows of a generation. Pure."""

from __future__ import annotations

from typing import Final

from airflow_provider_kling.generation.summary import Summary

_LONGEST_PROMPT: Final = 200
# These begin a mention or a link, which a prompt must not make.
_ESCAPED: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def message(*, text: str, summary: Summary | None, page: str | None, image: str | None) -> dict[str, object]:
    """Return the body of a request to an incoming webhook, as Slack, Mattermost and Rocket.Chat take it.

    :param text: what the author of the DAG says.
    :param summary: what is known of the generation; None where the message is of none.
    :param page: the address of its page in the gallery.
    :param image: the address of its poster, for everybody.
    """
    lines = [*([text] if text else []), *([] if summary is None else _lines(summary))]
    if page is not None:
        lines.append(f"<{page}|Look at it>")
    attachment = {} if image is None else {"attachments": [{"fallback": "poster", "image_url": image}]}
    return {"text": "\n".join(lines), **attachment}


def _lines(summary: Summary) -> list[str]:
    state = "failed" if summary.error is not None else "done"
    bill = summary.bill
    facts = [
        summary.model,
        state,
        None if summary.duration_s is None else f"{summary.duration_s:g} s",
        None if bill is None else f"{bill.amount} {bill.unit or ''}".rstrip(),
        "reused" if summary.reused else None,
    ]
    told = [" · ".join(filter(None, facts)), summary.prompt or summary.title, summary.error]
    return [_plain(line) for line in told if line]


def _plain(text: str) -> str:
    cut = text if len(text) <= _LONGEST_PROMPT else f"{text[: _LONGEST_PROMPT - 1]}…"
    return "".join(_ESCAPED.get(letter, letter) for letter in cut.replace("\n", " "))
