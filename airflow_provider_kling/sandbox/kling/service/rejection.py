"""A request that the service rejects: its error code, HTTP status and text (docs: error codes)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Code(IntEnum):
    """The service's error codes."""

    AUTHENTICATION = 1000
    AUTHORIZATION_EMPTY = 1001
    AUTHORIZATION_INVALID = 1002
    TOKEN_NOT_YET_VALID = 1003
    TOKEN_EXPIRED = 1004
    ACCOUNT = 1100
    ARREARS = 1101
    UNITS = 1102
    PERMISSION = 1103
    PARAMETERS = 1200
    PARAMETER = 1201
    METHOD = 1202
    RESOURCE = 1203
    POLICY = 1300
    CONTENT = 1301
    RATE = 1302
    SLOTS = 1303
    IP_ADDRESS = 1304
    INTERNAL = 5000
    MAINTENANCE = 5001
    TIMEOUT = 5002


# The HTTP status, which is documented, and the message. Seen in real responses: that of 1102 and of 1303. The
# others are in the words of the vendor's table, or inferred.
_ERRORS: Final[dict[Code, tuple[int, str]]] = {
    Code.AUTHENTICATION: (401, "Authentication failed"),
    Code.AUTHORIZATION_EMPTY: (401, "Authorization is empty"),
    Code.AUTHORIZATION_INVALID: (401, "Authorization is invalid"),
    Code.TOKEN_NOT_YET_VALID: (401, "Authorization is not yet valid"),
    Code.TOKEN_EXPIRED: (401, "Authorization has expired"),
    Code.ACCOUNT: (429, "Abnormal account status"),
    Code.ARREARS: (429, "Account in arrears"),
    Code.UNITS: (429, "Account balance not enough"),
    Code.PERMISSION: (403, "No permission for this API or model"),
    Code.PARAMETERS: (400, "Invalid request parameters"),
    Code.PARAMETER: (400, "Invalid parameter"),
    Code.METHOD: (404, "The requested method is invalid"),
    Code.RESOURCE: (404, "The requested resource does not exist"),
    Code.POLICY: (400, "Blocked by platform policy"),
    Code.CONTENT: (400, "Blocked by content security policy"),
    Code.RATE: (429, "Too many requests"),
    Code.SLOTS: (429, "parallel task over resource pack limit"),
    Code.IP_ADDRESS: (429, "The IP address is not allowed"),
    Code.INTERNAL: (500, "Server internal error"),
    Code.MAINTENANCE: (503, "Server temporarily unavailable"),
    Code.TIMEOUT: (504, "Server internal timeout"),
}
# The code that a bare status stands for, where several codes share it.
_OF_STATUS: Final = {
    400: Code.PARAMETERS,
    401: Code.AUTHENTICATION,
    403: Code.PERMISSION,
    404: Code.RESOURCE,
    429: Code.RATE,
    503: Code.MAINTENANCE,
    504: Code.TIMEOUT,
}


class Rejection(Exception):  # noqa: N818  - a response of the service, not an error of the sandbox
    """Raised where a request is rejected.

    :param message: the service's text; by default the usual one of the code.
    :ivar status: the HTTP status of the response.
    """

    def __init__(self, code: Code, message: str | None = None) -> None:
        self.code = code
        self.status, usual = _ERRORS[code]
        self.message = usual if message is None else message
        super().__init__(f"{int(code)}: {self.message}")

    @classmethod
    def of_status(cls, status: int) -> Rejection:
        """Return a rejection that fits an HTTP status."""
        return cls(_OF_STATUS.get(status, Code.INTERNAL))


def invalid(message: str) -> Rejection:
    """Return the rejection of a wrong key or value, 400 with the code 1201, which is also "not found"."""
    return Rejection(Code.PARAMETER, message)
