"""Who may see what: Airflow's own users and permissions. Who may read a DAG's XComs sees its generations."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Annotated, Any, Final

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user, resolve_user_from_token
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

SESSION_COOKIE: Final = "_kling_token"
"""On Airflow 3.1, whose pages keep the token where a browser does not send it by itself."""

SESSION_S: Final = 60
"""How long the cookie lasts: logging out of Airflow 3.1 does not end it. Pages that are open renew it."""

NEEDS_SESSION: Final = "request" not in inspect.signature(get_user).parameters
"""Whether this Airflow reads no cookie, so that the gallery needs one of its own."""

_bearer = HTTPBearer(auto_error=False)


async def _user_of_session(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Any:
    token = credentials.credentials if credentials else request.cookies.get(SESSION_COOKIE)
    try:
        return await resolve_user_from_token(token)
    except HTTPException as error:  # of a token that is no longer one, which the page replaces
        raise HTTPException(401, "Not authenticated") from error


current_user: Final = _user_of_session if NEEDS_SESSION else get_user
"""Returns the visitor, who has logged in to Airflow; a request of nobody is answered 401."""

User = Annotated[Any, Depends(current_user)]


def readable(user: Any, dag_ids: Iterable[str]) -> set[str]:
    """Return those of the DAGs whose XComs the user may read."""
    return {dag_id for dag_id in dag_ids if may_read(user, dag_id)}


def may_read(user: Any, dag_id: str) -> bool:
    """Tell whether the user may read the XComs of a DAG."""
    return bool(
        get_auth_manager().is_authorized_dag(
            method="GET",
            access_entity=DagAccessEntity.XCOM,
            details=DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id)),
            user=user,
        )
    )
