"""The parameters of each Kling model, checked before anything is sent or billed.

What is known of a model, and from which source, is in its file in ``facts/``. Modules are imported at the
first use of a name: a DAG that needs one model does not pay for the others.
"""

# ruff: noqa: F403  - only a type checker sees the star imports

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_kling.models.annotations import *
    from airflow_provider_kling.models.cost import *
    from airflow_provider_kling.models.facts import *
    from airflow_provider_kling.models.image import *
    from airflow_provider_kling.models.model import *
    from airflow_provider_kling.models.platform import *
    from airflow_provider_kling.models.platform_omni import *
    from airflow_provider_kling.models.registry import *
    from airflow_provider_kling.models.request import *
    from airflow_provider_kling.models.video_o1 import *
    from airflow_provider_kling.models.video_tools import *
    from airflow_provider_kling.models.video_v1_v2 import *
    from airflow_provider_kling.models.video_v3 import *

_EXPORTS = {
    "annotations": "BodyString Media PromptText body_strings field_strings inferred_rules",
    "cost": "Estimate estimate",
    "facts": "Certainty MediaLimits ModelType ModelVersion Price",
    "image": (
        "TextToImageRequest TextToImage2kRequest ImageToImageRequest V15ImageToImageRequest "
        "V3ImageToImageRequest MultiImageToImageRequest ImageO1Request ImageO1FixedRatioRequest "
        "V3OmniImageRequest ImageExpansionRequest ImageRecognitionRequest VirtualTryOnRequest"
    ),
    "model": "KlingModel ModelName",
    "platform": (
        "V26MotionControlRequest V3MotionControlRequest LipSyncRequest VideoExtensionRequest "
        "MultiElementsRequest TextToAudioRequest VideoToAudioRequest TextToSpeechRequest"
    ),
    "platform_omni": "VideoO1OmniRequest V3OmniRequest V3ElementsToVideoRequest",
    "registry": "ModelRegistry find_model list_models",
    "request": "KlingRequest UncheckedRequest parse_request",
    "video_o1": "VideoO1Request VideoO1EditRequest VideoO1TextRequest VideoO1ImageRequest",
    "video_tools": "AvatarRequest VideoEffectsRequest",
    "video_v1_v2": (
        "V1TextToVideoRequest V16TextToVideoRequest TextToVideoRequest V25TurboTextToVideoRequest "
        "V26TextToVideoRequest V1ImageToVideoRequest V16ImageToVideoRequest ImageToVideoRequest "
        "FramesToVideoRequest V26ImageToVideoRequest MultiImageToVideoRequest"
    ),
    "video_v3": (
        "V3TextToVideoRequest V3TextRequest V3ImageToVideoRequest V3FramesToVideoRequest V3OmniVideoRequest "
        "V3OmniEditRequest V3OmniTextRequest V3OmniImageToVideoRequest V3TurboTextRequest "
        "V3TurboImageToVideoRequest"
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
