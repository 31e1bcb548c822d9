"""The models that make pictures. A new one is one entry, and a request class if its fields are new.

Facts: the service's documents and blog up to 2026-11-22. Virtual try-on was retired by Kling on 2026-09-15
(blog of that day).
"""

from __future__ import annotations

from datetime import date
from functools import partial

from airflow_provider_kling.models.august import ImageO1AugustRequest
from airflow_provider_kling.models.image_to_image import (
    ImageToImageRequest,
    MultiImageToImageRequest,
    V3ImageToImageRequest,
    V15ImageToImageRequest,
)
from airflow_provider_kling.models.image_tools import (
    ImageExpansionRequest,
    ImageRecognitionRequest,
    VirtualTryOnRequest,
)
from airflow_provider_kling.models.model import (
    SECONDS_OF_IMAGE,
    Certainty,
    Kind,
    KlingModel,
    Page,
    Price,
)
from airflow_provider_kling.models.omni_image import ImageO1Request, V3OmniImageRequest
from airflow_provider_kling.models.text_to_image import TextToImage2kRequest, TextToImageRequest

_RETIRED = date(2026, 9, 15)

_documented = partial(KlingModel, page=Page.ASYNC, expected_s=SECONDS_OF_IMAGE)
_inferred = partial(KlingModel, certainty=Certainty.INFERRED, expected_s=SECONDS_OF_IMAGE)
_try_on = partial(KlingModel, kind=Kind.VIRTUAL_TRY_ON, retired=_RETIRED, expected_s=SECONDS_OF_IMAGE)

TEXT_TO_IMAGE = (
    _inferred(
        slug="kling-v1-t2i",
        kind=Kind.TEXT_TO_IMAGE,
        requests=(TextToImageRequest,),
        price=Price(as_of=None, unit="$/image", amounts={"any": "0.007"}),
    ),
    _documented(slug="kling-v1.5-t2i", kind=Kind.TEXT_TO_IMAGE, requests=(TextToImageRequest,)),
    _documented(slug="kling-v2-t2i", kind=Kind.TEXT_TO_IMAGE, requests=(TextToImage2kRequest,)),
    _inferred(
        slug="kling-v2-new-t2i",
        kind=Kind.TEXT_TO_IMAGE,
        requests=(TextToImageRequest,),
        left_documents=date(2026, 4, 4),
        successor="kling-v3-t2i",
    ),
    _documented(slug="kling-v2.1-t2i", kind=Kind.TEXT_TO_IMAGE, requests=(TextToImage2kRequest,)),
    _documented(
        slug="kling-v3-t2i",
        kind=Kind.TEXT_TO_IMAGE,
        requests=(TextToImage2kRequest,),
        price=Price(as_of="2026-08-17", unit="$/image", amounts={"any": "0.1932"}),
        note="the price contradicts the order of the other image models' prices",
    ),
)

IMAGE_TO_IMAGE = (
    _inferred(slug="kling-v1-i2i", kind=Kind.IMAGE_TO_IMAGE, requests=(ImageToImageRequest,)),
    _documented(slug="kling-v1.5-i2i", kind=Kind.IMAGE_TO_IMAGE, requests=(V15ImageToImageRequest,)),
    _inferred(slug="kling-v2-i2i", kind=Kind.IMAGE_TO_IMAGE, requests=(ImageToImageRequest,)),
    _documented(slug="kling-v2-new-i2i", kind=Kind.IMAGE_TO_IMAGE, requests=(ImageToImageRequest,)),
    _inferred(slug="kling-v2.1-i2i", kind=Kind.IMAGE_TO_IMAGE, requests=(ImageToImageRequest,)),
    _documented(slug="kling-v3-i2i", kind=Kind.IMAGE_TO_IMAGE, requests=(V3ImageToImageRequest,)),
    _documented(slug="kling-v2-mi2i", kind=Kind.MULTI_IMAGE_TO_IMAGE, requests=(MultiImageToImageRequest,)),
    _inferred(slug="kling-v2.1-mi2i", kind=Kind.MULTI_IMAGE_TO_IMAGE, requests=(MultiImageToImageRequest,)),
)

OMNI_IMAGE = (
    _documented(
        slug="kling-image-o1",
        kind=Kind.OMNI_IMAGE,
        requests=(ImageO1Request, ImageO1AugustRequest),
        price=Price(as_of="2026-09", unit="$/image", amounts={"any": "0.0224"}),
    ),
    _documented(
        slug="kling-v3-omni-image",
        kind=Kind.OMNI_IMAGE,
        requests=(V3OmniImageRequest,),
        note="the page was seen cut short: some bounds are inferred",
    ),
)

IMAGE_TOOLS = (
    _documented(slug="kling-image-expansion", kind=Kind.IMAGE_EXPANSION, requests=(ImageExpansionRequest,)),
    _documented(
        slug="kling-image-recognize",
        kind=Kind.IMAGE_RECOGNITION,
        requests=(ImageRecognitionRequest,),
        note="results stay for 30 days",
    ),
    _try_on(
        slug="kolors-virtual-try-on-v1-5",
        requests=(VirtualTryOnRequest,),
        page=Page.ASYNC,
        note="the slug has a hyphen where others have a dot; results stay for 30 days",
    ),
    _try_on(
        slug="kolors-virtual-try-on-v1",
        requests=(VirtualTryOnRequest,),
        certainty=Certainty.INFERRED,
        note="results stay for 30 days",
    ),
)

IMAGE_MODELS = (*TEXT_TO_IMAGE, *IMAGE_TO_IMAGE, *OMNI_IMAGE, *IMAGE_TOOLS)
