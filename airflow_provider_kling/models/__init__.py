"""The parameters of each Kling model, checked before anything is sent or billed.

What is known of a model, and from which source, is in its file in ``facts/``. The classes are imported at
their first use: a DAG that needs one model does not pay for the others.
"""

# ruff: noqa: F403  - only a type checker sees the star imports

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_kling.models.annotations import Inferred as Inferred
    from airflow_provider_kling.models.annotations import Media as Media
    from airflow_provider_kling.models.annotations import PromptText as PromptText
    from airflow_provider_kling.models.base import KlingRequest as KlingRequest
    from airflow_provider_kling.models.facts import Certainty as Certainty
    from airflow_provider_kling.models.facts import MediaLimits as MediaLimits
    from airflow_provider_kling.models.facts import ModelType as ModelType
    from airflow_provider_kling.models.facts import ModelVersion as ModelVersion
    from airflow_provider_kling.models.facts import Price as Price
    from airflow_provider_kling.models.image import *
    from airflow_provider_kling.models.model import KlingModel as KlingModel
    from airflow_provider_kling.models.name import ModelName as ModelName
    from airflow_provider_kling.models.parsing import parse_request as parse_request
    from airflow_provider_kling.models.registry import ModelRegistry as ModelRegistry
    from airflow_provider_kling.models.registry import find_model as find_model
    from airflow_provider_kling.models.registry import list_models as list_models
    from airflow_provider_kling.models.strings import BodyString as BodyString
    from airflow_provider_kling.models.strings import body_strings as body_strings
    from airflow_provider_kling.models.unchecked import UncheckedRequest as UncheckedRequest
    from airflow_provider_kling.models.video_o1 import *
    from airflow_provider_kling.models.video_tools import *
    from airflow_provider_kling.models.video_v1_v2 import *
    from airflow_provider_kling.models.video_v3 import *

# The same for run time: by module, what it exports here. A test compares it with the modules.
_EXPORTS = {
    "annotations": "Inferred Media PromptText",
    "base": "KlingRequest",
    "facts": "Certainty MediaLimits ModelType ModelVersion Price",
    "image": (
        "TextToImageRequest TextToImage2kRequest ImageToImageRequest V15ImageToImageRequest "
        "V3ImageToImageRequest MultiImageToImageRequest ImageO1Request ImageO1FixedRatioRequest "
        "V3OmniImageRequest ImageExpansionRequest ImageRecognitionRequest VirtualTryOnRequest"
    ),
    "model": "KlingModel",
    "name": "ModelName",
    "parsing": "parse_request",
    "registry": "ModelRegistry find_model list_models",
    "strings": "BodyString body_strings",
    "unchecked": "UncheckedRequest",
    "video_o1": "VideoO1Request VideoO1EditRequest VideoO1TextRequest VideoO1ImageRequest",
    "video_tools": "AvatarRequest VideoEffectsRequest",
    "video_v1_v2": (
        "V1TextToVideoRequest V16TextToVideoRequest TextToVideoRequest V25TurboTextToVideoRequest "
        "V26TextToVideoRequest V1ImageToVideoRequest V16ImageToVideoRequest ImageToVideoRequest "
        "FramesToVideoRequest V26ImageToVideoRequest MultiImageToVideoRequest"
    ),
    "video_v3": (
        "V3TextToVideoRequest V3TextRequest V3ImageToVideoRequest V3OmniVideoRequest V3OmniEditRequest "
        "V3OmniTextRequest V3OmniImageToVideoRequest V3TurboTextRequest V3TurboImageToVideoRequest"
    ),
}
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names.split()}

if not TYPE_CHECKING:  # a type checker would take any name for one of the package's
    __all__ = sorted(_MODULES)

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *_MODULES})
