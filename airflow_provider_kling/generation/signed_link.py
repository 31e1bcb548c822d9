"""Temporary links to stored files, for a service that takes no uploads."""

from __future__ import annotations

import logging
from typing import Final

from airflow_provider_kling.generation.files import exists, file_at, storage_errors
from airflow_provider_kling.media.media_value import broken_rule, is_storage_uri
from airflow_provider_kling.media_type import MediaType

log = logging.getLogger(__name__)

_SHORTEST_S: Final = 3600
_LONGEST_S: Final = 7 * 86_400  # the longest that S3 signs for


class NoSignedLinkError(Exception):
    """There is no link that the service could read; the text is the rule that the file breaks."""


def signed_link(uri: str, *, needed_s: float, media_type: MediaType | None, public: bool) -> str:
    """Return a link by which anybody can read a file for a time, as its storage signs it.

    :param uri: of the file.
    :param needed_s: for how many seconds it has to work: the service reads the file when it begins with the
        task, which may have waited there. Between an hour and seven days are taken.
    :param media_type: of the file; None where it is not known.
    :param public: the link has to lead to a public host, as the service is on one.
    :raises NoSignedLinkError: the storage signs none, or the link leads to no public host.
    :raises KlingMediaError: the file is not there, or its storage could not be read.
    """
    file = file_at(uri)
    if not exists(file):
        raise NoSignedLinkError("must be a file that exists")
    seconds = round(min(max(needed_s, _SHORTEST_S), _LONGEST_S))
    try:
        with storage_errors(file, "signed a link for", NotImplementedError):
            link: str = file.sign(expiration=seconds)
    except NotImplementedError:
        raise NoSignedLinkError(
            "must be a public https link: this service takes no uploads, and this storage signs no links. "
            "Put the file on one that does, such as S3, or give a link to it"
        ) from None
    problem = broken_rule(link, media_type or MediaType.VIDEO, public=public)
    if problem is not None or is_storage_uri(link):
        raise NoSignedLinkError(f"{problem or 'must be a link'} (the link that its storage signs is meant)")
    log.info("Made a link to %s that works for %d s", uri, seconds)
    return link
