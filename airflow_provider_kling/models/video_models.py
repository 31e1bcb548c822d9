"""The models that make videos. A new one is one entry, and a request class if its fields are new.

Facts: the service's documents and blog up to 2026-11-22. Models of Kling 1.0, 1.5, 1.6, 2.0 Master, 2.1 and
2.1 Master were retired by Kling on 2026-09-15 (blog of that day).
"""

from __future__ import annotations

from datetime import date

from airflow_provider_kling.models.august import (
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
from airflow_provider_kling.models.effects import VideoEffectsRequest
from airflow_provider_kling.models.image_to_video import (
    FramesToVideoRequest,
    ImageToVideoRequest,
    MultiImageToVideoRequest,
    V1ImageToVideoRequest,
    V3ImageToVideoRequest,
    V16ImageToVideoRequest,
    V26ImageToVideoRequest,
)
from airflow_provider_kling.models.model import Certainty, Kind, KlingModel, Page, Price
from airflow_provider_kling.models.omni_video import V3OmniVideoRequest, VideoO1Request
from airflow_provider_kling.models.text_to_video import (
    TextToVideoRequest,
    V1TextToVideoRequest,
    V3TextToVideoRequest,
    V16TextToVideoRequest,
    V25TurboTextToVideoRequest,
    V26TextToVideoRequest,
)

_RETIRED = date(2026, 9, 15)
_UP_TO_15_S = (60.0, 600.0)

_O1 = Price(as_of="2026-09-10", unit="$/s", amounts={"720p": "0.0672", "1080p": "0.0896"})
_V15_V16 = Price(as_of=None, unit="$/s", amounts={"lowest": "0.032", "highest": "0.112"})
_V25_TURBO = Price(as_of="2026-04", unit="$/s", amounts={"std": "0.05", "pro": "0.082"})
_V21_MASTER = Price(as_of="2026-04", unit="$/s", amounts={"any": "0.32"})

OMNI_VIDEO = (
    KlingModel(
        slug="kling-video-o1",
        kind=Kind.OMNI_VIDEO,
        requests=(VideoO1Request, VideoO1EditRequest),
        page=Page.ASYNC,
        price=Price(as_of="2026-09-10", unit="$/s", amounts={"720p": "0.1008", "1080p": "0.1344"}),
        note="since August 2026 for editing only, with kling-video-o1-t2v and -i2v beside it",
    ),
    KlingModel(
        slug="kling-v3-omni-video",
        kind=Kind.OMNI_VIDEO,
        requests=(V3OmniVideoRequest, V3OmniEditRequest),
        page=Page.ASYNC,
        price=Price(
            as_of="2026-08-20",
            unit="$/s",
            amounts={"720p": "0.0869", "1080p": "0.1159", "4k": "0.1932"},
        ),
        expected_s=_UP_TO_15_S,
        note="its fields of August 2026 are inferred",
    ),
)

TEXT_TO_VIDEO = (
    KlingModel(
        slug="kling-video-o1-t2v",
        kind=Kind.TEXT_TO_VIDEO,
        requests=(VideoO1TextRequest,),
        page=Page.PLAIN,
        price=_O1,
    ),
    KlingModel(
        slug="kling-v3-t2v",
        kind=Kind.TEXT_TO_VIDEO,
        requests=(V3TextToVideoRequest, V3TextRequest),
        page=Page.ASYNC,
        price=Price(
            as_of="2026-09-08",
            unit="$/s",
            amounts={
                "720p": "0.0672",
                "1080p": "0.0896",
                "4k": "0.336",
                "720p with sound": "0.1008",
                "1080p with sound": "0.1344",
                "4k with sound": "0.336",
            },
        ),
        expected_s=_UP_TO_15_S,
    ),
    KlingModel(
        slug="kling-v3-omni-t2v",
        kind=Kind.TEXT_TO_VIDEO,
        requests=(V3OmniTextRequest,),
        certainty=Certainty.INFERRED,
        expected_s=_UP_TO_15_S,
        note="only the slug is documented",
    ),
    KlingModel(
        slug="kling-v3-turbo-t2v",
        kind=Kind.TEXT_TO_VIDEO,
        requests=(V3TurboTextRequest,),
        certainty=Certainty.INFERRED,
        price=Price(as_of="2026-08", unit="$/s", amounts={"lowest": "0.0773", "highest": "0.0966"}),
        expected_s=_UP_TO_15_S,
        note="only the slug and the price are documented",
    ),
    KlingModel(
        slug="kling-v2.6-t2v",
        kind=Kind.TEXT_TO_VIDEO,
        requests=(V26TextToVideoRequest,),
        page=Page.TYPED_VIDEO,
    ),
    KlingModel(
        slug="kling-v2.5-turbo-t2v",
        kind=Kind.TEXT_TO_VIDEO,
        requests=(V25TurboTextToVideoRequest,),
        certainty=Certainty.PARTLY_INFERRED,
        price=_V25_TURBO,
        note="the fields are documented by an example, their bounds are inferred",
    ),
    *(
        KlingModel(
            slug=slug,
            kind=Kind.TEXT_TO_VIDEO,
            requests=(TextToVideoRequest,),
            certainty=Certainty.INFERRED,
            retired=_RETIRED,
            successor="kling-v3-t2v",
            price=price,
        )
        for slug, price in (("kling-v2.1-master-t2v", _V21_MASTER), ("kling-v2-master-t2v", None))
    ),
    KlingModel(
        slug="kling-v1.6-t2v",
        kind=Kind.TEXT_TO_VIDEO,
        requests=(V16TextToVideoRequest,),
        page=Page.TYPED_VIDEO,
        retired=_RETIRED,
        successor="kling-v3-t2v",
        price=_V15_V16,
    ),
    KlingModel(
        slug="kling-v1-t2v",
        kind=Kind.TEXT_TO_VIDEO,
        requests=(V1TextToVideoRequest,),
        page=Page.TYPED_VIDEO,
        retired=_RETIRED,
        successor="kling-v3-t2v",
    ),
)

IMAGE_TO_VIDEO = (
    KlingModel(
        slug="kling-video-o1-i2v",
        kind=Kind.IMAGE_TO_VIDEO,
        requests=(VideoO1ImageRequest,),
        page=Page.PLAIN,
        price=_O1,
    ),
    KlingModel(
        slug="kling-v3-i2v",
        kind=Kind.IMAGE_TO_VIDEO,
        requests=(V3ImageToVideoRequest,),
        page=Page.ASYNC,
        price=Price(as_of="2026-08-17", unit="$/s", amounts={"lowest": "0.058", "highest": "0.2898"}),
        expected_s=_UP_TO_15_S,
    ),
    *(
        KlingModel(
            slug=slug,
            kind=Kind.IMAGE_TO_VIDEO,
            requests=(request,),
            certainty=Certainty.INFERRED,
            expected_s=_UP_TO_15_S,
            note="the model's existence is inferred",
        )
        for slug, request in (
            ("kling-v3-omni-i2v", V3OmniImageToVideoRequest),
            ("kling-v3-turbo-i2v", V3TurboImageToVideoRequest),
        )
    ),
    KlingModel(
        slug="kling-v2.6-i2v",
        kind=Kind.IMAGE_TO_VIDEO,
        requests=(V26ImageToVideoRequest,),
        page=Page.ASYNC,
    ),
    KlingModel(
        slug="kling-v2.5-turbo-i2v",
        kind=Kind.IMAGE_TO_VIDEO,
        requests=(FramesToVideoRequest,),
        page=Page.TYPED_IMAGE_TO_VIDEO,
        price=_V25_TURBO,
    ),
    *(
        KlingModel(
            slug=slug,
            kind=Kind.IMAGE_TO_VIDEO,
            requests=(ImageToVideoRequest,),
            certainty=Certainty.INFERRED,
            retired=_RETIRED,
            successor="kling-v3-i2v",
            price=price,
        )
        for slug, price in (("kling-v2.1-master-i2v", _V21_MASTER), ("kling-v2-master-i2v", None))
    ),
    *(
        KlingModel(
            slug=slug,
            kind=Kind.IMAGE_TO_VIDEO,
            requests=(FramesToVideoRequest,),
            certainty=Certainty.INFERRED,
            retired=_RETIRED,
            successor="kling-v3-i2v",
            price=price,
        )
        for slug, price in (("kling-v2.1-i2v", None), ("kling-v1.5-i2v", _V15_V16))
    ),
    KlingModel(
        slug="kling-v1.6-i2v",
        kind=Kind.IMAGE_TO_VIDEO,
        requests=(V16ImageToVideoRequest,),
        page=Page.ASYNC,
        retired=_RETIRED,
        successor="kling-v3-i2v",
        price=_V15_V16,
    ),
    KlingModel(
        slug="kling-v1-i2v",
        kind=Kind.IMAGE_TO_VIDEO,
        requests=(V1ImageToVideoRequest,),
        page=Page.TYPED_IMAGE_TO_VIDEO,
        retired=_RETIRED,
        successor="kling-v3-i2v",
    ),
    KlingModel(
        slug="kling-v1.6-mi2v",
        kind=Kind.MULTI_IMAGE_TO_VIDEO,
        requests=(MultiImageToVideoRequest,),
        page=Page.ASYNC,
        retired=_RETIRED,
        successor="kling-video-o1-i2v",
    ),
)

SPECIAL_VIDEO = (
    KlingModel(
        slug="kling-avatar",
        kind=Kind.AVATAR,
        requests=(AvatarRequest,),
        page=Page.ASYNC,
        price=Price(as_of="2026-09", unit="$/s", amounts={"lowest": "0.0448", "highest": "0.0896"}),
    ),
    KlingModel(
        slug="kling-video-effects",
        kind=Kind.VIDEO_EFFECTS,
        requests=(VideoEffectsRequest,),
        page=Page.ASYNC,
        price=Price(as_of="2026", unit="$/request", amounts={"any": "1.26"}),
        note="the price is listed a second, and inferred to be a request's",
    ),
)

VIDEO_MODELS = (*OMNI_VIDEO, *TEXT_TO_VIDEO, *IMAGE_TO_VIDEO, *SPECIAL_VIDEO)
