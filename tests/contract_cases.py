"""The request parameters of Kling Video O1: one table for the request class, the operators and the sandbox.

A DAG's author writes the fields of the first API version (2026-04), and a connection may use the second one
(2026-08). Each case has what the author writes, the verdict in each API version, and what to post to the
service itself, so that it is compared with the same rules.
"""

from __future__ import annotations

from tests.contract_case import IMAGE, PIXEL, VIDEO, accepted, i2v, only_in_april, rejected, t2v, v2v

ACCEPTED = [
    accepted("prompt alone", {"prompt": "x"}, august=t2v(prompt="x")),
    accepted("prompt of 2500 characters", {"prompt": "x" * 2500}, august=t2v(prompt="x" * 2500)),
    accepted("prompt of 2500 wide characters", {"prompt": "🎬" * 2500}, august=t2v(prompt="🎬" * 2500)),
    accepted("5 s", {"prompt": "x", "duration": 5}, august=t2v(prompt="x", duration=5)),
    accepted("10 s", {"prompt": "x", "duration": 10}, august=t2v(prompt="x", duration=10)),
    accepted("16:9", {"prompt": "x", "aspect_ratio": "16:9"}, august=t2v(prompt="x", aspect_ratio="16:9")),
    accepted("9:16", {"prompt": "x", "aspect_ratio": "9:16"}, august=t2v(prompt="x", aspect_ratio="9:16")),
    accepted("1:1", {"prompt": "x", "aspect_ratio": "1:1"}, august=t2v(prompt="x", aspect_ratio="1:1")),
    accepted("std", {"prompt": "x", "mode": "std"}, august=t2v(prompt="x", resolution="720p")),
    accepted("pro", {"prompt": "x", "mode": "pro"}, august=t2v(prompt="x", resolution="1080p")),
    accepted("sound off", {"prompt": "x", "sound": "off"}, august=t2v(prompt="x", audio="off")),
    accepted("multi_shot false", {"prompt": "x", "multi_shot": False}, august=t2v(prompt="x")),
    accepted(
        "one image, 10 s",
        {"prompt": "x", "images": [IMAGE], "duration": 10},
        august=i2v(prompt="x", images=[IMAGE], duration=10),
    ),
    accepted(
        "seven images", {"prompt": "x", "images": [IMAGE] * 7}, august=i2v(prompt="x", images=[IMAGE] * 7)
    ),
    accepted(
        "an image in Base64", {"prompt": "x", "images": [PIXEL]}, august=i2v(prompt="x", images=[PIXEL])
    ),
    accepted(
        "an image as a data: link",
        {"prompt": "x", "images": [f"data:image/png;base64,{PIXEL}"]},
        april={"prompt": "x", "images": [PIXEL]},
        august=i2v(prompt="x", images=[PIXEL]),
    ),
    accepted("a video", {"prompt": "x", "videos": [VIDEO]}, august=v2v(prompt="x", videos=[VIDEO])),
    accepted(
        "a video with all it may have",
        {"prompt": "x", "videos": [VIDEO], "sound": "off", "mode": "std", "aspect_ratio": "9:16"},
        august=v2v(prompt="x", videos=[VIDEO], audio="off", resolution="720p", aspect_ratio="9:16"),
    ),
    accepted(
        "a video and four images",
        {"prompt": "x", "videos": [VIDEO], "images": [IMAGE] * 4},
        august=v2v(prompt="x", videos=[VIDEO], images=[IMAGE] * 4),
    ),
]

ONLY_IN_APRIL = [
    only_in_april(
        "several shots",
        {"prompt": "x", "multi_shot": True, "shot_type": "intelligence"},
        field="multi_shot",
        why="2026-08 has no multi_shot",
        august=t2v(prompt="x", multi_shot=True, shot_type="intelligence"),
    ),
    only_in_april(
        "several shots of a video",
        {"prompt": "x", "videos": [VIDEO], "multi_shot": True, "shot_type": "intelligence"},
        field="multi_shot",
        why="2026-08 has no multi_shot",
        august=v2v(prompt="x", videos=[VIDEO], multi_shot=True, shot_type="intelligence"),
    ),
    only_in_april(
        "sound from text",
        {"prompt": "x", "sound": "on"},
        field="sound",
        why="O1 of 2026-08 is silent",
        august=t2v(prompt="x", audio="on"),
    ),
    only_in_april(
        "sound from an image",
        {"prompt": "x", "images": [IMAGE], "duration": 10, "sound": "on"},
        field="sound",
        why="O1 of 2026-08 is silent",
        august=i2v(prompt="x", images=[IMAGE], duration=10, audio="on"),
    ),
    only_in_april(
        "eight images",
        {"prompt": "x", "images": [IMAGE] * 8},
        field="images",
        why="2026-08 takes seven",
        august=i2v(prompt="x", images=[IMAGE] * 8),
    ),
    only_in_april(
        "a video and five images",
        {"prompt": "x", "videos": [VIDEO], "images": [IMAGE] * 5},
        field="images",
        why="2026-08 takes four next to a video",
        august=v2v(prompt="x", videos=[VIDEO], images=[IMAGE] * 5),
    ),
    only_in_april(
        "a shape for an image",
        {"prompt": "x", "images": [IMAGE], "aspect_ratio": "1:1"},
        field="aspect_ratio",
        why="in 2026-08 the clip takes the image's shape",
        august=i2v(prompt="x", images=[IMAGE], aspect_ratio="1:1"),
    ),
]

REJECTED = [
    rejected("no prompt", {}, field="prompt", why="always required", august=t2v()),
    rejected(
        "no prompt for several shots",
        {"multi_shot": True, "shot_type": "intelligence"},
        field="prompt",
        why="always required",
        august=t2v(multi_shot=True, shot_type="intelligence"),
    ),
    rejected("empty prompt", {"prompt": ""}, field="prompt", why="1 character", august=t2v(prompt="")),
    rejected(
        "prompt of 2501 characters",
        {"prompt": "x" * 2501},
        field="prompt",
        why="2500 characters",
        august=None,
    ),
    rejected("prompt is a number", {"prompt": 5}, field="prompt", why="a string", august=t2v(prompt=5)),
    rejected(
        "multi_shot without shot_type",
        {"prompt": "x", "multi_shot": True},
        field="shot_type",
        why="multi_shot needs it",
        august=t2v(prompt="x", multi_shot=True),
    ),
    rejected(
        "shot_type without multi_shot",
        {"prompt": "x", "shot_type": "intelligence"},
        field="shot_type",
        why="only with multi_shot",
        august=t2v(prompt="x", shot_type="intelligence"),
    ),
    rejected(
        "shot_type with multi_shot false",
        {"prompt": "x", "multi_shot": False, "shot_type": "intelligence"},
        field="shot_type",
        why="only with multi_shot",
        august=t2v(prompt="x", multi_shot=False, shot_type="intelligence"),
    ),
    rejected(
        "another shot_type",
        {"prompt": "x", "multi_shot": True, "shot_type": "manual"},
        field="shot_type",
        why="only intelligence",
        august=t2v(prompt="x", multi_shot=True, shot_type="manual"),
    ),
    rejected(
        "multi_shot is a number",
        {"prompt": "x", "multi_shot": 1},
        field="multi_shot",
        why="true or false",
        august=t2v(prompt="x", multi_shot=1),
    ),
    rejected(
        "images empty",
        {"prompt": "x", "images": []},
        field="images",
        why="1 item",
        august=i2v(prompt="x", images=[]),
    ),
    rejected(
        "an empty image",
        {"prompt": "x", "images": [IMAGE, ""]},
        field="images[1]",
        why="1 character",
        august=i2v(prompt="x", images=[IMAGE, ""]),
    ),
    rejected(
        "an image is a number",
        {"prompt": "x", "images": [7]},
        field="images[0]",
        why="strings",
        august=i2v(prompt="x", images=[7]),
    ),
    rejected(
        "images is one string",
        {"prompt": "x", "images": IMAGE},
        field="images",
        why="a list",
        august=i2v(prompt="x", images=IMAGE),
    ),
    rejected(
        "a data: link that is no Base64",
        {"prompt": "x", "images": ["data:image/svg+xml,<svg/>"]},
        field="images[0]",
        why="a URL or Base64",
        august=i2v(prompt="x", images=["data:image/svg+xml,<svg/>"]),
    ),
    rejected(
        "videos empty",
        {"prompt": "x", "videos": []},
        field="videos",
        why="exactly 1 item",
        august=v2v(prompt="x", videos=[]),
    ),
    rejected(
        "two videos",
        {"prompt": "x", "videos": [VIDEO, VIDEO]},
        field="videos",
        why="exactly 1 item",
        august=v2v(prompt="x", videos=[VIDEO, VIDEO]),
    ),
    rejected(
        "an empty video",
        {"prompt": "x", "videos": [""]},
        field="videos[0]",
        why="1 character",
        august=v2v(prompt="x", videos=[""]),
    ),
    rejected(
        "videos is one string",
        {"prompt": "x", "videos": VIDEO},
        field="videos",
        why="a list",
        august=v2v(prompt="x", videos=VIDEO),
    ),
    rejected(
        "sound for a video",
        {"prompt": "x", "videos": [VIDEO], "sound": "on"},
        field="sound",
        why="off with videos",
        august=v2v(prompt="x", videos=[VIDEO], audio="on"),
    ),
    rejected(
        "5 s of a video",
        {"prompt": "x", "videos": [VIDEO], "duration": 5},
        field="duration",
        why="the video's own length",
        august=None,
    ),
    rejected(
        "10 s of a video",
        {"prompt": "x", "videos": [VIDEO], "duration": 10},
        field="duration",
        why="the video's own length",
        august=None,
    ),
    rejected(
        "another sound",
        {"prompt": "x", "sound": "loud"},
        field="sound",
        why="on or off",
        august=t2v(prompt="x", audio="loud"),
    ),
    rejected(
        "sound is a switch",
        {"prompt": "x", "sound": True},
        field="sound",
        why="on or off, as text",
        august=t2v(prompt="x", audio=True),
    ),
    rejected(
        "another mode",
        {"prompt": "x", "mode": "4k"},
        field="mode",
        why="std or pro",
        august=t2v(prompt="x", resolution="4k"),
    ),
    rejected(
        "another shape",
        {"prompt": "x", "aspect_ratio": "4:3"},
        field="aspect_ratio",
        why="16:9, 9:16 or 1:1",
        august=t2v(prompt="x", aspect_ratio="4:3"),
    ),
    rejected("7 s", {"prompt": "x", "duration": 7}, field="duration", why="5 or 10", august=None),
    rejected(
        "7 s of an image",
        {"prompt": "x", "images": [IMAGE], "duration": 7},
        field="duration",
        why="5 or 10",
        august=i2v(prompt="x", images=[IMAGE], duration=7),
    ),
    rejected(
        "15 s",
        {"prompt": "x", "duration": 15},
        field="duration",
        why="5 or 10",
        august=t2v(prompt="x", duration=15),
    ),
    rejected(
        "duration is a fraction",
        {"prompt": "x", "duration": 5.0},
        field="duration",
        why="a whole number",
        august=t2v(prompt="x", duration=5.0),
    ),
    rejected(
        "duration is a switch",
        {"prompt": "x", "duration": True},
        field="duration",
        why="a whole number",
        august=t2v(prompt="x", duration=True),
    ),
    rejected(
        "a field that O1 has not",
        {"prompt": "x", "negative_prompt": "blur"},
        field="negative_prompt",
        why="no other fields",
        august=t2v(prompt="x", negative_prompt="blur"),
    ),
]

CASES = [*ACCEPTED, *ONLY_IN_APRIL, *REJECTED]
