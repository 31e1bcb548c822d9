"""The cache of rendered files: nothing is rendered twice, and the disk does not fill up."""

from __future__ import annotations

import os
from pathlib import Path

from airflow_provider_kling.sandbox.render.render_spec import AudioSource, VideoSpec
from airflow_provider_kling.sandbox.render.renderer import Renderer
from airflow_provider_kling.sandbox.render.result import Result


async def _video(renderer: Renderer, prompt: str) -> Result:
    spec = VideoSpec(
        label="kling-video-o1",
        prompt=prompt,
        resolution="720p",
        aspect_ratio="1:1",
        seconds=1,
        audio=AudioSource.NONE,
    )
    _, video = await renderer.render(spec, inputs=[], limits={})
    return video


async def test_a_video_in_the_cache_is_not_rendered_again(tmp_path: Path):
    first = Renderer(folder=tmp_path, seed=1, in_use=list)
    made = await _video(first, "a")
    first.close()
    marked = made.path.read_bytes() + b"\0\0\0\x08free"  # a box that players skip
    made.path.write_bytes(marked)
    second = Renderer(folder=tmp_path, seed=1, in_use=list)
    again = await _video(second, "a")
    other = await _video(second, "b")
    second.close()
    assert again.path == made.path
    assert again.path.read_bytes() == marked
    assert again.seconds == 1
    assert other.path != made.path


async def test_files_that_no_result_needs_are_removed_first(tmp_path: Path):
    needed: list[Path] = []
    renderer = Renderer(folder=tmp_path, seed=1, in_use=lambda: needed, cache_bytes=1)
    other = tmp_path / "photos"  # a given folder may contain other files
    other.mkdir()
    kept = (await _video(renderer, "kept")).path.parent
    needed.append(kept)
    gone = (await _video(renderer, "gone")).path.parent
    os.utime(kept, (0, 0))  # the least recently used, but needed
    last = (await _video(renderer, "last")).path.parent
    renderer.close()
    assert [path.exists() for path in (kept, gone, last, other)] == [True, False, True, True]
