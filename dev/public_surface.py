"""The public surface of the package: what ``docs/reference.md`` lists, and tests hold to its docstrings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dev.docstrings import PACKAGE, Documented, members, read, runtime


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An object on the page.

    :ivar path: where users import it from.
    :ivar title: as the page calls it; its name by default.
    :ivar lists_members: the methods of a class are on the page, too.
    :ivar internal: methods that are for other parts of the package.
    """

    path: str
    title: str = ""
    lists_members: bool = False
    internal: frozenset[str] = frozenset()

    @property
    def module(self) -> str:
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.title or self.path.rpartition(".")[2]


@dataclass(frozen=True, kw_only=True)
class Section:
    title: str
    text: str
    entries: tuple[Entry, ...]


def _entries(module: str, *names: str, lists_members: bool = False) -> tuple[Entry, ...]:
    return tuple(Entry(path=f"{PACKAGE}.{module}.{name}", lists_members=lists_members) for name in names)


EXCEPTIONS = f"{PACKAGE}.exceptions"


def exceptions() -> tuple[Entry, ...]:
    """Return every class of the module, as it defines them."""
    found = [one for one in vars(runtime(EXCEPTIONS)).values() if isinstance(one, type)]
    return tuple(Entry(path=f"{EXCEPTIONS}.{one.__name__}") for one in found if one.__module__ == EXCEPTIONS)


SECTIONS: Final = (
    Section(
        title="Hook",
        text="",
        entries=(
            Entry(
                path=f"{PACKAGE}.hooks.kling.KlingHook",
                lists_members=True,
                internal=frozenset(
                    {
                        "call",
                        "call_async",
                        "connection",
                        "connection_async",
                        "gateway",
                        "get_conn",
                        "poll_task",
                        "poll_task_async",
                    }
                ),
            ),
        ),
    ),
    Section(
        title="Operators",
        text="[operators.md](operators.md) is the guide.",
        entries=(
            *_entries(
                "operators.kling", "KlingVideoOperator", "KlingGenerateOperator", "KlingDownloadOperator"
            ),
            *_entries("operators.media", "VideoFrameOperator", "VideoConcatOperator"),
        ),
    ),
    Section(title="Sensor", text="", entries=_entries("sensors.kling", "KlingTaskSensor")),
    Section(
        title="Notifications",
        text="",
        entries=(
            *_entries("notifications.webhook", "KlingWebhookNotifier"),
            *_entries("notifications.result", "on_result"),
        ),
    ),
    Section(
        title="Triggers",
        text="The operators and the sensor defer with these. A DAG needs them only for operators of its own.",
        entries=(
            *_entries("triggers.kling", "KlingTaskTrigger", "KlingCapacityTrigger"),
            *_entries("polling", "PollingPlan", lists_members=True),
        ),
    ),
    Section(
        title="Decorators",
        text="",
        entries=(
            Entry(path=f"{PACKAGE}.decorators.kling.video_task", title="@task.kling_video"),
            Entry(path=f"{PACKAGE}.decorators.kling.generate_task", title="@task.kling_generate"),
        ),
    ),
    Section(
        title="Models",
        text="The request classes, with the rules of each field, are in [models.md](models.md).",
        entries=(
            *_entries("models", "parse_request", "find_model", "list_models"),
            Entry(
                path=f"{PACKAGE}.models.KlingModel",
                lists_members=True,
                internal=frozenset({"check_known", "from_facts", "warn"}),
            ),
            Entry(
                path=f"{PACKAGE}.models.KlingRequest",
                lists_members=True,
                internal=frozenset({"declaring_class", "for_model", "unquoted"}),
            ),
            *_entries("models", "UncheckedRequest", "ModelName"),
            Entry(
                path=f"{PACKAGE}.models.ModelVersion", lists_members=True, internal=frozenset({"from_facts"})
            ),
            *_entries("models", "ModelType", "Certainty", "Price", "MediaLimits"),
        ),
    ),
    Section(
        title="Results",
        text="What operators, sensor and decorators return.",
        entries=(
            *_entries("generation.result", "GenerationResult", "ResultFile"),
            *_entries("generation.xcom_keys", "TASK_ID", "COST_USD", "COST", "COST_UNIT"),
        ),
    ),
    Section(
        title="What the hook returns",
        text="",
        entries=(
            *_entries("http.task", "Task", lists_members=True),
            *_entries(
                "http.task",
                "TaskStatus",
                "Resource",
                "ResourceRole",
                "TaskFailure",
            ),
            *_entries("gateways.base", "UploadedFile", "LoggedRequest", "ModelInfo", "PublishedSchema"),
            *_entries(
                "gateways.video_sessions", "FaceSession", "Face", "SelectionSession", "SelectionPreview"
            ),
        ),
    ),
    Section(title="Exceptions", text="", entries=exceptions()),
    Section(
        title="Retry policy",
        text="For Airflow 3.3 and newer.",
        entries=_entries("retry_policy", "kling_retry_policy"),
    ),
    Section(
        title="Observers",
        text="For metrics and traces of your own: `KlingHook(observer=...)`.",
        entries=(
            *_entries("http.observer", "Observer", lists_members=True),
            *_entries("http.observer", "CallInfo", "WaitReason"),
            *_entries("http.message", "Operation"),
        ),
    ),
    Section(
        title="Tests",
        text="The extra `sandbox` brings a pytest plugin, which needs no configuration. "
        "[sandbox.md](sandbox.md) is the guide.",
        entries=(
            *_entries(
                "sandbox.testing.pytest_plugin",
                "kling_sandbox",
                "kling_platform_sandbox",
                "kling_sandbox_factory",
            ),
            *_entries("sandbox.testing.process", "SandboxProcess", lists_members=True),
            *_entries("sandbox.testing.process", "SandboxError"),
        ),
    ),
)

# Pytest and Airflow load these; nobody imports them.
LOADED: Final = frozenset({f"{PACKAGE}.sandbox.testing.pytest_plugin", f"{PACKAGE}.decorators.kling"})


def entries() -> Iterator[Entry]:
    """Yield everything on the page."""
    for section in SECTIONS:
        yield from section.entries


PUBLIC_MODULES: Final = tuple(dict.fromkeys(one.module for one in entries() if one.module not in LOADED))


def objects_of(entry: Entry) -> Iterator[Documented]:
    """Yield the object of an entry, and the methods of a class after it."""
    found = read(entry.path)
    yield found
    if entry.lists_members:
        yield from (one for one in members(found) if one.name not in entry.internal)
