"""What may be asked of each Kling model, checked before anything is sent or billed."""

from airflow_provider_kling.models.august import (
    ImageO1AugustRequest,
    V3OmniEditRequest,
    V3OmniImageToVideoRequest,
    V3OmniTextRequest,
    V3TextRequest,
    V3TurboImageToVideoRequest,
    V3TurboTextRequest,
    VideoO1EditRequest,
    VideoO1ImageRequest,
    VideoO1TextRequest,
)
from airflow_provider_kling.models.avatar import AvatarRequest
from airflow_provider_kling.models.base import ApiVersion, KlingRequest
from airflow_provider_kling.models.effects import VideoEffectsRequest
from airflow_provider_kling.models.image_to_image import (
    ImageToImageRequest,
    MultiImageToImageRequest,
    V3ImageToImageRequest,
    V15ImageToImageRequest,
)
from airflow_provider_kling.models.image_to_video import (
    FramesToVideoRequest,
    ImageToVideoRequest,
    MultiImageToVideoRequest,
    V1ImageToVideoRequest,
    V3ImageToVideoRequest,
    V16ImageToVideoRequest,
    V26ImageToVideoRequest,
)
from airflow_provider_kling.models.image_tools import (
    ImageExpansionRequest,
    ImageRecognitionRequest,
    VirtualTryOnRequest,
)
from airflow_provider_kling.models.media_limits import MediaLimits, Medium
from airflow_provider_kling.models.model import KlingModel
from airflow_provider_kling.models.name import ModelName
from airflow_provider_kling.models.omni_image import ImageO1Request, V3OmniImageRequest
from airflow_provider_kling.models.omni_video import V3OmniVideoRequest, VideoO1Request
from airflow_provider_kling.models.registry import MODELS, find_model, parse_request
from airflow_provider_kling.models.text_to_image import TextToImage2kRequest, TextToImageRequest
from airflow_provider_kling.models.text_to_video import (
    TextToVideoRequest,
    V1TextToVideoRequest,
    V3TextToVideoRequest,
    V16TextToVideoRequest,
    V25TurboTextToVideoRequest,
    V26TextToVideoRequest,
)
from airflow_provider_kling.models.unchecked import UncheckedRequest

__all__ = [
    "MODELS",
    "ApiVersion",
    "AvatarRequest",
    "FramesToVideoRequest",
    "ImageExpansionRequest",
    "ImageO1AugustRequest",
    "ImageO1Request",
    "ImageRecognitionRequest",
    "ImageToImageRequest",
    "ImageToVideoRequest",
    "KlingModel",
    "KlingRequest",
    "MediaLimits",
    "Medium",
    "ModelName",
    "MultiImageToImageRequest",
    "MultiImageToVideoRequest",
    "TextToImage2kRequest",
    "TextToImageRequest",
    "TextToVideoRequest",
    "UncheckedRequest",
    "V1ImageToVideoRequest",
    "V1TextToVideoRequest",
    "V3ImageToImageRequest",
    "V3ImageToVideoRequest",
    "V3OmniEditRequest",
    "V3OmniImageRequest",
    "V3OmniImageToVideoRequest",
    "V3OmniTextRequest",
    "V3OmniVideoRequest",
    "V3TextRequest",
    "V3TextToVideoRequest",
    "V3TurboImageToVideoRequest",
    "V3TurboTextRequest",
    "V15ImageToImageRequest",
    "V16ImageToVideoRequest",
    "V16TextToVideoRequest",
    "V25TurboTextToVideoRequest",
    "V26ImageToVideoRequest",
    "V26TextToVideoRequest",
    "VideoEffectsRequest",
    "VideoO1EditRequest",
    "VideoO1ImageRequest",
    "VideoO1Request",
    "VideoO1TextRequest",
    "VirtualTryOnRequest",
    "find_model",
    "parse_request",
]
