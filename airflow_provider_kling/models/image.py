"""Images: from text, from other images, and changes to an existing one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models import fields
from airflow_provider_kling.models.annotations import Inferred, PromptText
from airflow_provider_kling.models.model import warn
from airflow_provider_kling.models.request import KlingRequest


class _Counted(KlingRequest):
    """:param n: how many images, 1 (default) to 9. Each is billed."""

    n: Annotated[int, Field(ge=1, le=9)] = 1


class _Images(_Counted):
    """Images in a chosen shape and size.

    :param aspect_ratio: ``16:9`` (default), ``9:16``, ``1:1``, ``4:3``, ``3:4``, ``3:2``, ``2:3`` or
        ``21:9``.
    :param resolution: ``1k`` (default) or ``2k``.
    """

    aspect_ratio: fields.ImageAspectRatio = "16:9"
    resolution: fields.ImageResolution = "1k"


class _ImagesIn1k(_Images):
    """:param resolution: ``1k``, the only value."""

    resolution: Literal["1k"] = "1k"


class _FollowedImage(KlingRequest):
    """An image to follow.

    :param prompt: what the image should show, 1 to 2500 characters.
    :param image: the image to follow, a public URL or Base64 (jpg or png, at most 10 MB).
    """

    prompt: fields.Prompt
    image: fields.Image


class TextToImageRequest(_ImagesIn1k, fields.WithPrompts):
    """Images from text, in 1k: V1, V1.5 and V2 New."""


class TextToImage2kRequest(_Images, fields.WithPrompts):
    """Images from text, in 1k or 2k: V2, V2.1 and V3."""


class ImageToImageRequest(_ImagesIn1k, _FollowedImage):
    """Images that follow another, in 1k: V1, V2, V2 New and V2.1.

    :param image_fidelity: how closely to follow it, 0 to 1. Default 0.5.
    """

    image_fidelity: fields.UnitInterval = 0.5


class V15ImageToImageRequest(_ImagesIn1k, _FollowedImage, default_model="kling-v1.5-i2i"):
    """Images that keep the subject or the face of another: V1.5.

    :param image_reference: what to keep: ``subject`` or ``face``.
    :param image_fidelity: how closely to follow the image, 0 to 1. Default 0.5.
    :param human_fidelity: how similar the face should be, 0 to 1. Default 0.45. It has an effect only with
        ``image_reference="subject"``; otherwise it warns.
    """

    image_reference: Literal["subject", "face"] | None = None
    image_fidelity: fields.UnitInterval = 0.5
    human_fidelity: fields.UnitInterval = 0.45

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        if "human_fidelity" in given and given.get("image_reference") != "subject":
            warn('human_fidelity has no effect unless image_reference is "subject".')
        yield from ()


class V3ImageToImageRequest(_Images, _FollowedImage, default_model="kling-v3-i2i"):
    """Images that follow another, in 1k or 2k: V3.

    :param n: how many images, 1 (default, inferred) to 9. Each is billed.
    :param aspect_ratio: ``16:9`` (default, inferred), ``9:16``, ``1:1``, ``4:3``, ``3:4``, ``3:2``,
        ``2:3`` or ``21:9``.
    :param resolution: ``1k`` (default, inferred) or ``2k``.
    """


class MultiImageToImageRequest(_Counted):
    """An image that combines subjects, a scene and a style: V2 and V2.1.

    At least one of ``prompt``, ``subject_images``, ``scene_image`` and ``style_image`` is required.

    :param prompt: what the image should show, 1 to 2500 characters.
    :param subject_images: at most 4 images, each a public URL or Base64 (jpg or png, at most 10 MB).
    :param scene_image: the scene, a public URL or Base64.
    :param style_image: an image in the style that the result should have, a public URL or Base64.
    :param aspect_ratio: such as ``16:9``. The field and its values are inferred from other models; other
        values only warn.
    """

    prompt: fields.Prompt | None = None
    subject_images: Annotated[list[fields.Image], Field(max_length=4)] | None = None
    scene_image: fields.Image | None = None
    style_image: fields.Image | None = None
    aspect_ratio: Annotated[Any, Inferred({"enum": list(get_args(fields.ImageAspectRatio))})] = None

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        yield from fields.at_least_one(given, "prompt", "subject_images", "scene_image", "style_image")


_MAX_REFERENCES = 10


class ImageO1Request(_Counted, default_model="kling-image-o1"):
    """Images from text and references: O1 in its older API version.

    :param prompt: what the image should show, 1 to 2500 characters; it may name the references as
        ``<<<image_1>>>``, ``<<<image_2>>>`` and so on.
    :param images: at most 10 reference images, each a public URL or Base64 (jpg or png, at most 10 MB).
    :param resolution: ``1k`` (default) or ``2k``.
    :param aspect_ratio: ``auto`` (default), or one of ``16:9``, ``9:16``, ``1:1``, ``4:3``, ``3:4``, ``3:2``,
        ``2:3`` and ``21:9``.
    """

    prompt: fields.Prompt
    images: Annotated[list[fields.Image], Field(max_length=_MAX_REFERENCES)] | None = None
    resolution: fields.ImageResolution = "1k"
    aspect_ratio: fields.ImageAspectRatioOrAuto = "auto"


class ImageO1FixedRatioRequest(_Images, default_model="kling-image-o1"):
    """Images from text and references: O1 in its newer API version, which has no ``auto`` aspect ratio.

    :param prompt: what the image should show, 1 to 2500 characters.
    :param images: 1 to 10 reference images, each a public URL or Base64.
    :param aspect_ratio: ``1:1`` (default), ``16:9``, ``9:16``, ``4:3``, ``3:4``, ``3:2``, ``2:3`` or
        ``21:9``.
    """

    prompt: fields.Prompt
    images: Annotated[list[fields.Image], Field(min_length=1, max_length=_MAX_REFERENCES)] | None = None
    aspect_ratio: fields.ImageAspectRatio = "1:1"


class V3OmniImageRequest(KlingRequest, default_model="kling-v3-omni-image"):
    """An image, several, or a coherent series: V3 Omni.

    :param prompt: what the images should show, 1 to 2500 characters.
    :param images: 1 to 10 reference images, each a public URL or Base64 (jpg or png, at most 10 MB).
    :param element_ids: Kling's elements; together with ``images`` at most 10. The service offers no way to
        make one.
    :param result_type: ``single`` or ``series``.
    :param n: how many images; not with ``series``. 1 to 9 (inferred; others only warn). Each is billed.
    :param series_amount: how many images the series has; required with ``series``. 2 to 9 (inferred; others
        only warn). Each is billed.
    :param resolution: up to 4k: ``1k``, ``2k`` or ``4k`` (the names are inferred; others only warn).
    :param aspect_ratio: the aspect ratio; its values are not documented.
    """

    prompt: fields.Prompt
    images: Annotated[list[fields.Image], Field(min_length=1, max_length=_MAX_REFERENCES)] | None = None
    element_ids: list[fields.Id] | None = None
    result_type: Literal["single", "series"] | None = None
    n: Annotated[int, Inferred({"minimum": 1, "maximum": 9})] | None = None
    series_amount: Annotated[int, Inferred({"minimum": 2, "maximum": 9})] | None = None
    resolution: Annotated[str, Inferred({"enum": ["1k", "2k", "4k"]})] | None = None
    aspect_ratio: str | None = None

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        yield from fields.few_references(given, most=_MAX_REFERENCES)
        if given.get("result_type") == "series":
            if "n" in given:
                rule = 'must be left out when result_type is "series"'
                yield fields.broken(given, "n", rule, "result_type")
            if "series_amount" not in given:
                rule = 'is required when result_type is "series"'
                yield fields.broken(given, "series_amount", rule, "result_type")


class ImageExpansionRequest(_Counted, default_model="kling-image-expansion"):
    """An image that is continued beyond its borders.

    :param image: the image, a public URL or Base64 (jpg or png, at most 10 MB).
    :param up_expansion_ratio: how far to expand upwards, 0 to 2 times the image's height.
    :param down_expansion_ratio: how far to expand downwards, 0 to 2 times its height.
    :param left_expansion_ratio: how far to expand to the left, 0 to 2 times its width.
    :param right_expansion_ratio: how far to expand to the right, 0 to 2 times its width.
    :param prompt: what the new area should show, at most 2500 characters.
    """

    image: fields.Image
    up_expansion_ratio: fields.ExpansionRatio
    down_expansion_ratio: fields.ExpansionRatio
    left_expansion_ratio: fields.ExpansionRatio
    right_expansion_ratio: fields.ExpansionRatio
    prompt: Annotated[str, Field(max_length=2500), PromptText()] | None = None


class ImageRecognitionRequest(KlingRequest, default_model="kling-image-recognize"):
    """An image that is segmented into object, head, face and clothes.

    :param image: the image, a public URL or Base64 (jpg or png, at most 10 MB).
    """

    image: fields.Image


class VirtualTryOnRequest(KlingRequest):
    """A person in other clothes: Kolors Virtual Try-On.

    :param human_image: the person, a public URL or Base64 (jpg or png, at most 10 MB, sides of at least
        300 px).
    :param cloth_image: the garment, in the same limits. V1.5 also takes a top and a bottom in one image.
    """

    human_image: fields.Image
    cloth_image: fields.Image
