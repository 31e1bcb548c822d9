"""Testing a connection with one free call, for the *Test* button of Airflow's UI."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from time import time
from typing import TYPE_CHECKING, Final, TypeVar

from airflow_provider_kling.exceptions import KlingAuthenticationError, KlingConnectionError, KlingError

if TYPE_CHECKING:
    from airflow_provider_kling.hooks.kling import KlingHook

T = TypeVar("T")

LONGEST_S: Final = 4.5
"""Somebody looks at the button meanwhile."""


def check_connection(hook: KlingHook, *, longest_s: float = LONGEST_S) -> tuple[bool, str]:
    """Return whether a connection can be used, and a sentence with the balance or with what to do.

    :param longest_s: seconds until the answer.
    """
    try:
        gateway = hook.gateway
        account = gateway.account
        if account is None:
            return True, "The connection is valid. The service has no free call that tests the key."
        # Only a valid key reads it, so that the key needs no call of its own.
        call = account.balance(now=time())
        balance = _within(longest_s, lambda: hook.call(call, until=time() + longest_s))
    except KlingAuthenticationError as error:
        if error.transient:  # the clock is wrong, and not the key
            return False, str(error)
        return False, (
            f"The service does not accept the key. {error} Check that the key belongs to the gateway "
            f"{gateway.name}, and that it is copied whole."
        )
    except KlingConnectionError as error:
        return False, f"{error} Check the host, the network of this API server, and its proxy."
    except KlingError as error:
        return False, str(error)
    return True, f"The key is valid; the account's balance is {balance:.2f} {account.unit}."


def _within(longest_s: float, call: Callable[[], T]) -> T:
    """Return what a call returns.

    :raises KlingConnectionError: it takes longer. Neither looking a host up nor a proxy that says nothing has
        a limit of its own; the thread ends when they do.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001  - it is raised where somebody waits for it
            outcome.set_exception(error)

    Thread(target=run, daemon=True, name="kling-connection-test").start()
    try:
        return outcome.result(timeout=longest_s)
    except TimeoutError:
        told = f"The service did not answer within {longest_s:g} s."
        raise KlingConnectionError(told, request_sent=True) from None
