"""The voices and elements of the account, and those that the service offers to all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

OFFICIAL: Final = "kling"  # who owns what the service offers
ACCOUNT: Final = "100000001"  # who owns what the account has made

# Names of the sandbox's own: the real catalogues are longer and change.
_PRESET_VOICES: Final = {"829826751244537879": "Narrator", "829826792415870991": "Reporter"}
# The voices of speech are another catalogue (seen in a real response of 2026-09). One name is from the docs.
SPEECH_VOICES: Final = frozenset({"oversea_male1", "genshin_vindi2", "ai_kaiya", "uk_man2"})
# By the id of a tag (docs: element management).
TAGS: Final = {
    "o_101": "Hottest",
    "o_102": "Character",
    "o_103": "Animal",
    "o_104": "Item",
    "o_105": "Costume",
    "o_106": "Scene",
    "o_107": "Effect",
    "o_108": "Others",
}
_PRESET_ELEMENTS: Final = {150001: "Courier", 150002: "Gardener"}


class ElementKind(StrEnum):
    """What an element was made from; the rules of omni videos differ."""

    VIDEO = "video_character_elements"
    IMAGES = "multi_image_elements"


@dataclass(kw_only=True)
class Voice:
    """A voice.

    :param task_id: the task that made it.
    """

    voice_id: str
    name: str
    task_id: str
    owned_by: str = ACCOUNT
    deleted: bool = False


@dataclass(kw_only=True)
class Element:
    """An element: a character or a thing that several videos can show.

    :param request: the fields of the request that made it, which responses repeat.
    """

    element_id: int
    name: str
    description: str
    kind: ElementKind
    task_id: str
    voice: Voice | None = None
    tags: tuple[str, ...] = ()
    owned_by: str = ACCOUNT
    request: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False


class Library:
    """The voices and elements by their ids."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Remove what the account has made."""
        self._voices = {
            voice_id: Voice(voice_id=voice_id, name=name, task_id=voice_id, owned_by=OFFICIAL)
            for voice_id, name in _PRESET_VOICES.items()
        }
        self._elements = {
            element_id: Element(
                element_id=element_id,
                name=name,
                description=f"{name}, offered by the service",
                kind=ElementKind.IMAGES,
                task_id=str(element_id),
                owned_by=OFFICIAL,
            )
            for element_id, name in _PRESET_ELEMENTS.items()
        }

    def add_voice(self, voice: Voice) -> None:
        """Add a voice."""
        self._voices[voice.voice_id] = voice

    def add_element(self, element: Element) -> None:
        """Add an element."""
        self._elements[element.element_id] = element

    def voice(self, voice_id: str) -> Voice | None:
        """Return a voice that is not deleted."""
        voice = self._voices.get(voice_id)
        return None if voice is None or voice.deleted else voice

    def element(self, element_id: object) -> Element | None:
        """Return an element that is not deleted; its id is a number, or the same number as a text."""
        text = str(element_id)
        if isinstance(element_id, bool) or not (text.isascii() and text.isdigit()) or len(text) > 20:
            return None
        element = self._elements.get(int(text))
        return None if element is None or element.deleted else element

    def voice_of_task(self, task_id: str) -> Voice | None:
        """Return the voice that a task made, deleted or not."""
        return next((voice for voice in self._voices.values() if voice.task_id == task_id), None)

    def element_of_task(self, task_id: str) -> Element | None:
        """Return the element that a task made, deleted or not."""
        return next((each for each in self._elements.values() if each.task_id == task_id), None)

    @property
    def preset_voices(self) -> list[Voice]:
        """Return the voices that the service offers."""
        return [voice for voice in self._voices.values() if voice.owned_by == OFFICIAL]

    @property
    def preset_elements(self) -> list[Element]:
        """Return the elements that the service offers."""
        return [element for element in self._elements.values() if element.owned_by == OFFICIAL]
