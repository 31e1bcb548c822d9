"""What the service takes and what it refuses, by path, with the words of the refusal."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.sandbox.conftest import O1

APRIL = f"{O1}/async"
EDIT = O1
T2V = f"{O1}-t2v"
I2V = f"{O1}-i2v"
VIDEO = ["https://media.example/v.mp4"]
IMAGE = "https://media.example/i.png"


class Case(NamedTuple):
    path: str
    body: Any
    refusal: str | None = None  # the message; None: accepted


ACCEPTED = [
    Case(APRIL, {"prompt": "x"}),
    Case(APRIL, {"prompt": "x", "duration": 5}),
    Case(APRIL, {"prompt": "x", "duration": 10}),
    Case(APRIL, {"prompt": "x" * 2500}),
    Case(APRIL, {"prompt": "é" * 2500}),
    Case(APRIL, {"prompt": "x", "images": [IMAGE], "duration": 10, "sound": "on"}),
    Case(APRIL, {"prompt": "x", "images": [IMAGE] * 8}),  # seven is upstream's bound, not the documented one
    Case(APRIL, {"prompt": "x", "videos": VIDEO}),
    Case(APRIL, {"prompt": "x", "videos": ["a"]}),
    Case(APRIL, {"prompt": "x", "videos": VIDEO, "images": [IMAGE]}),
    Case(APRIL, {"prompt": "x", "videos": VIDEO, "sound": "off", "mode": "std", "aspect_ratio": "9:16"}),
    Case(APRIL, {"prompt": "x", "multi_shot": True, "shot_type": "intelligence"}),
    Case(APRIL, {"prompt": "x", "multi_shot": False}),
    *(Case(APRIL, {"prompt": "x", "aspect_ratio": ratio}) for ratio in ("16:9", "9:16", "1:1")),
    *(Case(APRIL, {"prompt": "x", "mode": mode}) for mode in ("std", "pro")),
    *(Case(APRIL, {"prompt": "x", "sound": sound}) for sound in ("on", "off")),
    Case(EDIT, {"prompt": "x", "videos": VIDEO}),
    Case(EDIT, {"prompt": "x" * 2501, "videos": VIDEO}),  # a bound of 2500 is only inferred here
    Case(EDIT, {"prompt": "x", "videos": VIDEO, "images": [IMAGE] * 4, "audio": "original"}),
    Case(
        EDIT, {"prompt": "x", "videos": VIDEO, "audio": "off", "resolution": "1080p", "aspect_ratio": "1:1"}
    ),
    *(Case(EDIT, {"prompt": "x", "videos": VIDEO, "duration": seconds}) for seconds in (3, 10)),
    *(Case(path, {"prompt": "x"}) for path in (T2V, f"{T2V}/async")),
    *(Case(T2V, {"prompt": "x", "duration": seconds}) for seconds in (3, 7, 10)),
    Case(T2V, {"prompt": "x", "audio": "off", "resolution": "720p", "aspect_ratio": "9:16"}),
    *(Case(path, {"prompt": "x", "images": [IMAGE]}) for path in (I2V, f"{I2V}/async")),
    *(Case(I2V, {"prompt": "x", "images": [IMAGE], "duration": seconds}) for seconds in (5, 10)),
    Case(I2V, {"prompt": "x", "images": [IMAGE] * 2, "duration": 7}),
    Case(I2V, {"prompt": "x", "images": [IMAGE] * 7}),
]

PARAMETERS, RANGE, FORMAT = "Invalid parameters: ", "Value out of range: ", "Invalid format: "
RATIOS = "'16:9', '9:16', '1:1'"

REFUSED = [
    # the body as a whole
    Case(APRIL, [], f"{PARAMETERS}the request body must be an object, got []"),
    Case(APRIL, None, f"{PARAMETERS}the request body must be an object, got null"),
    Case(APRIL, {}, f"{PARAMETERS}parameter 'prompt' is required"),
    Case(APRIL, {"prompt": "x", "seed": 1}, f"{PARAMETERS}parameter 'seed' is not supported"),
    # the prompt
    Case(APRIL, {"prompt": ""}, f"{RANGE}parameter 'prompt' must be between 1 and 2500 characters, got 0"),
    Case(
        APRIL,
        {"prompt": "x" * 2501},
        f"{RANGE}parameter 'prompt' must be between 1 and 2500 characters, got 2501",
    ),
    Case(APRIL, {"prompt": None}, f"{PARAMETERS}parameter 'prompt' must be a string, got null"),
    Case(APRIL, {"prompt": 5}, f"{PARAMETERS}parameter 'prompt' must be a string, got 5"),
    Case(
        APRIL,
        {"multi_shot": True, "shot_type": "intelligence"},
        f"{PARAMETERS}parameter 'prompt' is required",
    ),
    # strict types
    Case(
        APRIL,
        {"prompt": "x", "duration": "5"},
        f"{PARAMETERS}parameter 'duration' must be an integer, got '5'",
    ),
    Case(
        APRIL,
        {"prompt": "x", "duration": 5.0},
        f"{PARAMETERS}parameter 'duration' must be an integer, got 5.0",
    ),
    Case(
        APRIL,
        {"prompt": "x", "duration": True},
        f"{PARAMETERS}parameter 'duration' must be an integer, got true",
    ),
    Case(
        APRIL,
        {"prompt": "x", "multi_shot": 1},
        f"{PARAMETERS}parameter 'multi_shot' must be a boolean, got 1",
    ),
    Case(
        APRIL,
        {"prompt": "x", "multi_shot": "true"},
        f"{PARAMETERS}parameter 'multi_shot' must be a boolean, got 'true'",
    ),
    Case(APRIL, {"prompt": "x", "mode": None}, f"{PARAMETERS}parameter 'mode' must be a string, got null"),
    Case(
        APRIL,
        {"prompt": "x", "images": IMAGE},
        f"{PARAMETERS}parameter 'images' must be an array, got '{IMAGE}'",
    ),
    Case(APRIL, {"prompt": "x", "images": [1]}, f"{PARAMETERS}parameter 'images[0]' must be a string, got 1"),
    # enumerations
    Case(
        APRIL, {"prompt": "x", "duration": 7}, f"{PARAMETERS}parameter 'duration' must be one of 5, 10, got 7"
    ),
    Case(
        APRIL,
        {"prompt": "x", "images": [IMAGE], "duration": 3},
        f"{PARAMETERS}parameter 'duration' must be one of 5, 10, got 3",
    ),
    Case(
        APRIL,
        {"prompt": "x", "mode": "PRO"},
        f"{PARAMETERS}parameter 'mode' must be one of 'std', 'pro', got 'PRO'",
    ),
    Case(
        APRIL,
        {"prompt": "x", "sound": "original"},
        f"{PARAMETERS}parameter 'sound' must be one of 'on', 'off', got 'original'",
    ),
    Case(
        APRIL,
        {"prompt": "x", "aspect_ratio": "4:3"},
        f"{PARAMETERS}parameter 'aspect_ratio' must be one of {RATIOS}, got '4:3'",
    ),
    # media
    Case(APRIL, {"prompt": "x", "images": []}, f"{RANGE}parameter 'images' must be at least 1 item, got 0"),
    Case(
        APRIL,
        {"prompt": "x", "images": [""]},
        f"{RANGE}parameter 'images[0]' must be at least 1 character, got 0",
    ),
    Case(
        APRIL,
        {"prompt": "x", "images": [IMAGE, "data:image/png;base64,aGk="]},
        f"{FORMAT}parameter 'images[1]' must be a URL or a Base64 string without the 'data:' prefix",
    ),
    Case(APRIL, {"prompt": "x", "videos": []}, f"{RANGE}parameter 'videos' must be exactly 1 item, got 0"),
    Case(
        APRIL,
        {"prompt": "x", "videos": ["a", "b"]},
        f"{RANGE}parameter 'videos' must be exactly 1 item, got 2",
    ),
    # rules between fields
    Case(
        APRIL,
        {"prompt": "x", "multi_shot": True},
        f"{PARAMETERS}parameter 'shot_type' is required when 'multi_shot' is true",
    ),
    Case(
        APRIL,
        {"prompt": "x", "multi_shot": True, "shot_type": "manual"},
        f"{PARAMETERS}parameter 'shot_type' must be one of 'intelligence', got 'manual'",
    ),
    Case(
        APRIL,
        {"prompt": "x", "multi_shot": False, "shot_type": "intelligence"},
        f"{PARAMETERS}parameter 'shot_type' must be omitted unless 'multi_shot' is true",
    ),
    Case(
        APRIL,
        {"prompt": "x", "shot_type": "intelligence"},
        f"{PARAMETERS}parameter 'shot_type' must be omitted unless 'multi_shot' is true",
    ),
    Case(
        APRIL,
        {"prompt": "x", "videos": VIDEO, "sound": "on"},
        f"{PARAMETERS}parameter 'sound' must be 'off' when 'videos' is given, got 'on'",
    ),
    Case(
        APRIL,
        {"prompt": "x", "videos": VIDEO, "duration": 5},
        f"{PARAMETERS}parameter 'duration' must be omitted when 'videos' is given",
    ),
    # the fields of the other contract
    Case(
        APRIL,
        {"prompt": "x", "resolution": "720p"},
        f"{PARAMETERS}parameter 'resolution' is not supported",
    ),
    Case(APRIL, {"prompt": "x", "audio": "off"}, f"{PARAMETERS}parameter 'audio' is not supported"),
    *(
        Case(
            path,
            {"prompt": "x", "videos": VIDEO, field: value},
            f"{PARAMETERS}parameter '{field}' is not supported",
        )
        for path in (EDIT,)
        for field, value in {
            "mode": "std",
            "sound": "off",
            "multi_shot": False,
            "shot_type": "intelligence",
        }.items()
    ),
    # the editing model of August 2026
    Case(EDIT, {"prompt": "x"}, f"{PARAMETERS}parameter 'videos' is required"),
    Case(EDIT, {"videos": VIDEO}, f"{PARAMETERS}parameter 'prompt' is required"),
    Case(
        EDIT,
        {"prompt": "", "videos": VIDEO},
        f"{RANGE}parameter 'prompt' must be at least 1 character, got 0",
    ),
    Case(
        EDIT,
        {"prompt": "x", "videos": VIDEO * 2},
        f"{RANGE}parameter 'videos' must be exactly 1 item, got 2",
    ),
    Case(
        EDIT,
        {"prompt": "x", "videos": VIDEO, "images": [IMAGE] * 5},
        f"{RANGE}parameter 'images' must be between 1 and 4 items, got 5",
    ),
    *(
        Case(
            EDIT,
            {"prompt": "x", "videos": VIDEO, "duration": seconds},
            f"{RANGE}parameter 'duration' must be between 3 and 10, got {seconds}",
        )
        for seconds in (2, 11)
    ),
    Case(
        EDIT,
        {"prompt": "x", "videos": VIDEO, "audio": "native"},
        f"{PARAMETERS}parameter 'audio' must be one of 'original', 'off', got 'native'",
    ),
    Case(
        EDIT,
        {"prompt": "x", "videos": VIDEO, "resolution": "4k"},
        f"{PARAMETERS}parameter 'resolution' must be one of '720p', '1080p', got '4k'",
    ),
    # text to video
    Case(T2V, {"prompt": "x", "images": [IMAGE]}, f"{PARAMETERS}parameter 'images' is not supported"),
    Case(T2V, {"prompt": "x", "videos": VIDEO}, f"{PARAMETERS}parameter 'videos' is not supported"),
    Case(
        T2V,
        {"prompt": "x", "audio": "original"},
        f"{PARAMETERS}parameter 'audio' must be one of 'off', got 'original'",
    ),
    Case(T2V, {"prompt": "x", "duration": 2}, f"{RANGE}parameter 'duration' must be between 3 and 10, got 2"),
    # image to video
    Case(I2V, {"prompt": "x"}, f"{PARAMETERS}parameter 'images' is required"),
    Case(
        I2V,
        {"prompt": "x", "images": [IMAGE] * 8},
        f"{RANGE}parameter 'images' must be between 1 and 7 items, got 8",
    ),
    Case(
        I2V,
        {"prompt": "x", "images": [IMAGE], "duration": 7},
        f"{PARAMETERS}parameter 'duration' must be one of 5, 10 with exactly one image, got 7",
    ),
    Case(
        I2V,
        {"prompt": "x", "images": [IMAGE], "aspect_ratio": "1:1"},
        f"{PARAMETERS}parameter 'aspect_ratio' is not supported",
    ),
]
