"""An author's request on its way into the platform's fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways.encoded import FieldPath, MediaField
from airflow_provider_kling.models import KlingRequest, Media, body_strings

_RESOLUTION_OF_MODE: Final = {"std": "720p", "pro": "1080p", "4k": "4k"}
_AUDIO_OF_SOUND: Final = {"on": "native", "off": "off"}
PROMPT: Final = 2500
"""The most characters of a prompt, where a model has no other limit."""

_MOST_VOICES: Final = 2
_LONGEST_ELEMENT: Final = 20  # digits of an id
_CITATION: Final = re.compile(r"<<<([a-z]+_[0-9]+)>>>")


class Draft:
    """Takes the author's fields one by one. What is left in the end cannot be expressed.

    :param request: in the fields of any API version of the author's.
    :ivar body: what is sent.
    :ivar broken: the rules of the platform that the request breaks, in the author's words.
    """

    def __init__(self, request: KlingRequest) -> None:
        self.body: dict[str, Any] = {}
        self.media: list[MediaField] = []
        self.broken: list[BrokenRule] = []
        self._given = request.body()
        self._left = dict(self._given)
        self._files = {one.path: one for one in body_strings(request) if isinstance(one.holds, Media)}

    def given(self, name: str) -> Any:
        """Return the author's value of a field; None where there is none."""
        return self._given.get(name)

    def take(self, name: str) -> Any:
        """Return the author's value of a field, which the caller puts into the body."""
        return self._left.pop(name, None)

    def copy(self, *names: str, **renamed: str) -> None:
        """Copy fields as they are.

        :param renamed: the platform's name of a field, by the author's.
        """
        for name, target in [*((name, name) for name in names), *renamed.items()]:
            value = self.take(name)
            if value == "":
                self.reject(name, "must not be empty here")
            elif value is not None:
                self.body[target] = value

    def prompt(self, *, most: int = PROMPT) -> str | None:
        """Take the prompt.

        :param most: how many characters the platform takes.
        """
        prompt: str | None = self.take("prompt")
        if prompt is not None and len(prompt) > most:
            self.reject("prompt", f"must have at most {most} characters here")
        return prompt

    def copy_prompt(self) -> None:
        """Copy the prompt."""
        if (prompt := self.prompt()) is not None:
            self.body["prompt"] = prompt

    def copy_all(self) -> None:
        """Copy everything as it is: the author writes the platform's own fields."""
        self.body, self._left = self._left, {}
        self.media = [
            MediaField(path=path, name=found.name, type=_type(found.holds), value=found.value)
            for path, found in self._files.items()
        ]

    def file(self, target: FieldPath, *source: str | int) -> str:
        """Return the author's file at ``source``, which the caller puts at ``target`` in the body."""
        found = self._files[source]
        self.media.append(
            MediaField(path=target, name=found.name, type=_type(found.holds), value=found.value)
        )
        return found.value

    def copy_file(self, name: str) -> None:
        """Copy a field that holds one file."""
        if self.take(name) is not None:
            self.body[name] = self.file((name,), name)

    def copy_files(self, name: str, target: str, key: str) -> None:
        """Copy a list of files to a list of objects, each with the file at ``key``."""
        if files := self.take(name):
            self.body[target] = [
                {key: self.file((target, number, key), name, number)} for number in range(len(files))
            ]

    def write_elements(self) -> None:
        """Write elements as the legacy standard does: their ids are numbers there."""
        ids = self.elements()
        if not all(one.isdecimal() and len(one) <= _LONGEST_ELEMENT for one in ids):
            for name in ("element_id", "element_ids"):
                if self.given(name) is not None:
                    self.reject(name, "must be a number here" if len(ids) == 1 else "must be numbers here")
        elif ids:
            self.body["element_list"] = [{"element_id": int(one)} for one in ids]

    def reject(self, name: str, rule: str, *others: str) -> None:
        """Reject a field that is given, and that the platform does not take so.

        :param others: further fields that the rule is about.
        """
        self.take(name)
        value = self.given(name)
        self.broken.append(
            BrokenRule(field=name, rule=rule, value=value, involves=frozenset({name, *others}))
        )

    def require(self, name: str) -> None:
        """Reject a request without a field that the platform needs."""
        if not self.given(name):
            self.reject(name, "is required here")

    def reject_rest(self, rule: str, *, hints: Mapping[str, str] | None = None) -> None:
        """Reject every field that was not taken.

        :param hints: what to add to the rule for some fields.
        """
        for name in [*self._left]:
            self.reject(name, f"{rule}{(hints or {}).get(name, '')}")

    def elements(self) -> Sequence[str]:
        """Take the elements, whichever of the two names the author's model has for them."""
        one, several = self.take("element_id"), self.take("element_ids")
        return several or ([] if one is None else [one])

    def voices(self) -> Sequence[str]:
        """Take the voices."""
        voices: Sequence[str] = self.take("voice_ids") or ()
        if len(voices) > _MOST_VOICES:
            self.reject("voice_ids", f"must have at most {_MOST_VOICES} items here")
        if voices and self.given("sound") != "on":
            self.reject("voice_ids", 'must be left out here unless sound is "on"', "sound")
        return voices

    def resolution(self) -> Any:
        """Take the resolution, whichever of its two names the author uses."""
        mode, resolution = self.take("mode"), self.take("resolution")
        return _RESOLUTION_OF_MODE.get(mode, mode) if mode is not None else resolution

    def mode(self) -> Any:
        """Take the resolution as the older word for it."""
        mode, resolution = self.take("mode"), self.take("resolution")
        of_resolution = {value: name for name, value in _RESOLUTION_OF_MODE.items()}
        return mode if mode is not None else of_resolution.get(resolution, resolution)

    def audio(self) -> Any:
        """Take the kind of audio, whichever of its two names the author uses."""
        sound, audio = self.take("sound"), self.take("audio")
        return _AUDIO_OF_SOUND.get(sound, sound) if sound is not None else audio

    def sound(self) -> Any:
        """Take the kind of audio as the older word for it; ``original`` has none."""
        sound, audio = self.take("sound"), self.take("audio")
        of_audio = {value: name for name, value in _AUDIO_OF_SOUND.items()}
        return sound if sound is not None else of_audio.get(audio, audio)


Encoder = Callable[[Draft], None]
"""Writes the author's fields in those of a product."""


class Product(NamedTuple):
    """Where a model is sent, and how it is written.

    :ivar model_name: the platform's name of the model; None where the product has one model.
    """

    path: str
    encode: Encoder
    model_name: str | None = None


def _type(holds: object) -> Any:
    return holds.type if isinstance(holds, Media) else None


def cited(prompt: str) -> frozenset[str]:
    """Return the names that a prompt cites, as ``<<<image_1>>>`` cites ``image_1``."""
    return frozenset(_CITATION.findall(prompt))


def with_handles(prompt: str) -> str:
    """Write citations as the new standard does: ``@image_1`` for ``<<<image_1>>>``."""
    return _CITATION.sub(r"@\1", prompt)


def merged(body: Mapping[str, Any], extra: Mapping[str, Any], *, subject: str) -> dict[str, Any]:
    """Return a body with further fields: objects are merged, and lists are appended to each other.

    :raises KlingRequestError: a field is in both.
    """
    broken: list[BrokenRule] = []
    result = _merged(body, extra, path="extra_parameters", broken=broken)
    if broken:
        raise KlingRequestError(subject=subject, broken=broken)
    return result


def _merged(
    body: Mapping[str, Any], extra: Mapping[str, Any], *, path: str, broken: list[BrokenRule]
) -> dict[str, Any]:
    result = dict(body)
    for name, value in extra.items():
        field, mine = f"{path}.{name}", body.get(name)
        if name not in body:
            result[name] = value
        elif isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[name] = _merged(mine, value, path=field, broken=broken)
        elif isinstance(mine, list) and isinstance(value, list | tuple):
            result[name] = [*mine, *value]
        else:
            broken.append(BrokenRule(field=field, rule="must not repeat a field of the request", value=value))
    return result
