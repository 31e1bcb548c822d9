"""A service that answers wrong: each answer of a generation, one time in two, with changes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from random import Random
from typing import Any

from airflow_provider_kling.gateways.certainty import WITHOUT_TASK
from airflow_provider_kling.gateways.json_values import mapping
from tests.http.raw_server import Answer, RawServer, Received, hang_up, raw, reply, reset
from tests.security.mutations import STATUSES, mutated_bytes, mutated_headers, mutated_json, written

TASK_ID = "task-t2v-1"
FAILED = {"failed", "error", "canceled", "cancelled"}
_WORDS = ("pending", "success", "success", "failed", "odd")
_PLAIN_AFTER = 4
"""So many reads of a task are answered wrong before one is answered right, so that every case ends."""


class HostileService(RawServer):
    """Serves one case at a time.

    :ivar paid_again: submissions that came while a task may have existed: after one that was not certainly
        rejected, and before the service has said that its task failed.
    """

    def __init__(self, *, result: bytes) -> None:
        super().__init__(hang_up)
        self._result = result
        self.begin(Random(0))

    def begin(self, random: Random, *, result: bytes | None = None) -> None:
        """Begin the next case.

        :param result: the bytes of the result, which are sent as they are.
        """
        self._random, self._fixed_result = random, result
        self.paid_again = 0
        self._may_exist = False
        self.begin_try(honest=False)

    def begin_try(self, *, honest: bool) -> None:
        """Begin another try of the case.

        :param honest: answer right.
        """
        self._honest = honest
        self._reads = 0
        self.requests.clear()

    def answer_to(self, request: Received, *, scripted: Answer) -> Answer:
        """Answer as the documents say, or nearly."""
        del scripted
        match request.method, request.target.partition("?")[0].strip("/").split("/"):
            case "GET", ["results", *_]:
                return self._result_file()
            case "GET", ["api", "v1", "tasks", task_id]:
                return self._task(task_id)
            case "GET", ["api", "v1", "logs"]:
                return self._answer(self._log()).answer
            case "GET", ["api", "v1", "team", "balance"]:
                return self._answer({"balance": 12.5}).answer
            case "POST", ["api", "v1", "media", "files"]:
                uploaded = {"file_id": "f-1", "type": "image", "url": f"{self.url}/uploads/1.png", "size": 70}
                return self._answer(uploaded).answer
            case "DELETE", _:
                return self._answer({}).answer
            case "POST", _:
                return self._submission()
        return reply({"code": 404, "message": "not found"}, status=404)

    def _submission(self) -> Answer:
        self.paid_again += self._may_exist
        accepted = {"task_id": TASK_ID, "status": "pending", "model_id": "m-1"}
        sent = self._answer(accepted, plain=self._random.random() < 0.5)  # the rest of the path is longer
        code = mapping(sent.document).get("code")
        is_error = type(code) is int and 400 <= code < 600
        self._may_exist = (code if is_error and 200 <= sent.status < 300 else sent.status) not in WITHOUT_TASK
        return sent.answer

    def _task(self, task_id: str) -> Answer:
        self._reads += 1
        is_plain = self._honest or self._reads > _PLAIN_AFTER
        word = "success" if is_plain else self._random.choice(_WORDS)
        data: dict[str, Any] = {"task_id": task_id, "status": word, "model_id": "m-1"}
        if word == "failed":
            data["error"] = {"code": "1301", "message": "risk control"}
        if word in ("success", "odd"):
            data |= self._ended()
        sent = self._answer(data, plain=is_plain)
        said = mapping(mapping(sent.document).get("data")).get("status")
        if isinstance(said, str) and said.strip().lower() in FAILED:
            self._may_exist = False
        return sent.answer

    def _ended(self) -> dict[str, Any]:
        video = {
            "url": f"{self.url}/results/video.mp4?sig=1",
            "type": "video",
            "width": 1920,
            "height": 1080,
            "format": "mp4",
            "role": "primary",
            "duration": 5,
            "size": 1000,
        }
        cover = {"url": f"{self.url}/results/cover.png", "type": "image", "role": "cover"}
        return {
            "result_expires_at": int((time.time() + 86_400) * 1000),
            "billing": {"amount": 0.4345},
            "result": {
                "resources": [video, cover],
                "metadata": {"image_count": 1},
                "extensions": {"submit_time": "2026-01-01T10:00:00Z", "end_time": 1_767_261_603},
            },
        }

    def _log(self) -> dict[str, Any]:
        entry = {
            "task_id": TASK_ID,
            "status": "processing",
            "model": {"provider": "kling", "model_name": "kling-video-o1"},
            "created_at": int(time.time()),
            "cost": 4345,
        }
        return {"requests": [entry] * self._random.randrange(3), "total": 1}

    def _result_file(self) -> Answer:
        if self._fixed_result is not None:
            return reply(self._fixed_result)
        if self._honest or self._random.random() < 0.5:
            return reply(self._result)
        headers, status = mutated_headers(self._random), self._random.choice(STATUSES)
        return reply(mutated_bytes(self._result, self._random), status=status, headers=headers)

    def _answer(self, data: object, *, plain: bool = False) -> _Sent:
        """Answer with an envelope."""
        random, document = self._random, {"code": 0, "message": "success", "data": data}
        if plain or self._honest or random.random() < 0.4:
            return _Sent(document=document, status=200, answer=reply(document))
        broken = random.random()
        if broken < 0.03:
            return _Sent(document=None, status=0, answer=random.choice((hang_up, reset)))
        if broken < 0.06:
            head = mutated_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", random)
            return _Sent(document=None, status=0, answer=raw(head))
        status = random.choice(STATUSES) if random.random() < 0.4 else 200
        body = written(mutated_json(document, random), random)
        declared = len(body) + random.choice((-1, 1, 10**9)) if random.random() < 0.03 else None
        answer = reply(body, status=status, headers=mutated_headers(random), declared=declared)
        try:
            return _Sent(document=json.loads(body), status=status, answer=answer)
        except (ValueError, RecursionError):
            return _Sent(document=None, status=status, answer=answer)


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """An answer, as a tolerant reader understands it."""

    document: object
    status: int
    answer: Answer
