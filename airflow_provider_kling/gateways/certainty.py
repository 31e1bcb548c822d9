"""After which HTTP statuses of a submission it is certain that no task was made.

``docs/never-pay-twice.md`` has the same table, and a test compares the two.
"""

from __future__ import annotations

from typing import Final

_ELSEWHERE = "the answer names another address, and nothing was done at this one; it is not followed"
_REJECTED = "the service rejects the request as it is"
_NOT_PASSED_ON = "a proxy rejects the request and does not pass it on"
_NOT_PROCESSED = "the server that answered does not process this request"
_NO_CAPACITY = "the limits of the account are used up; this comes before a task is made"

WITHOUT_TASK: Final = {
    **dict.fromkeys((301, 302, 307, 308), _ELSEWHERE),
    **dict.fromkeys((400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415), _REJECTED),
    **dict.fromkeys((417, 422, 428, 431, 451), _REJECTED),
    407: _NOT_PASSED_ON,
    **dict.fromkeys((421, 425, 426), _NOT_PROCESSED),
    429: _NO_CAPACITY,
}
"""Why there is no task, by the status (RFC 6585, 7725, 8470 and 9110).

After any other status there may be one: 408, 409 and all of 5xx may come after the service has begun.
"""
