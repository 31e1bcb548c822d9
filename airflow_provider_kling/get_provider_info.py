"""What Airflow's provider discovery wants to know. Imports nothing: every Airflow process calls it."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description (Airflow's ``provider_info.schema.json``)."""
    modules = "airflow_provider_kling"
    integration = "Kling"
    return {
        "package-name": "airflow-provider-kling",
        "name": "Kling",
        "description": "Kling AI video generation: submit once, wait in the triggerer, keep the result.",
        "integrations": [
            {
                "integration-name": integration,
                "external-doc-url": "https://docs.modellix.ai/",
                "tags": ["service"],
            }
        ],
        "hooks": [{"integration-name": integration, "python-modules": [f"{modules}.hooks.kling"]}],
        "operators": [
            {
                "integration-name": integration,
                "python-modules": [f"{modules}.operators.kling", f"{modules}.operators.media"],
            }
        ],
        "sensors": [{"integration-name": integration, "python-modules": [f"{modules}.sensors.kling"]}],
        "triggers": [{"integration-name": integration, "python-modules": [f"{modules}.triggers.kling"]}],
        "task-decorators": [
            {"name": "kling_video", "class-name": f"{modules}.decorators.kling.video_task"},
            {"name": "kling_generate", "class-name": f"{modules}.decorators.kling.generate_task"},
        ],
        "notifications": [f"{modules}.notifications.webhook.KlingWebhookNotifier"],
        "extra-links": [f"{modules}.links.kling.Kling{name}Link" for name in ("Video", "Poster", "Gallery")],
        "plugins": [
            {"name": "kling", "plugin-class": f"{modules}.plugins.kling.KlingPlugin"},
        ],
        "connection-types": [
            {
                "connection-type": "kling",
                "hook-class-name": f"{modules}.hooks.kling.KlingHook",
                "hook-name": integration,
                "ui-field-behaviour": {
                    "hidden-fields": ["schema"],
                    "relabeling": {
                        "login": "Access key",
                        "password": "API key",
                        "host": "Base URL",
                    },
                    "placeholders": {
                        "login": "Only together with a secret key",
                        "password": "Required. The secret key where there is an access key",
                        "host": "https://api.modellix.ai",
                        "port": "443: Airflow's Test button may need it",
                    },
                },
                "conn-fields": _connection_fields(),
            }
        ],
        "config": _config(),
    }


def _config() -> dict[str, Any]:
    return {
        "kling": {
            "description": "The Kling provider.",
            "options": {
                "default_timeout": {
                    "description": (
                        "Seconds from a submission to its deadline, where a DAG gives no timeout. It ends "
                        "the waiting only: the generation goes on at the service and may be billed."
                    ),
                    "version_added": "0.1.0",
                    "type": "float",
                    "example": "7200",
                    "default": "3600.0",
                },
                "default_output": {
                    "description": (
                        "The folder that results are copied to, where a DAG gives no output: a URI on any "
                        "storage that Airflow supports; it may be a template. Empty: results stay links, "
                        "which expire."
                    ),
                    "version_added": "0.1.0",
                    "type": "string",
                    "example": "s3://my-bucket/kling/{{ dag.dag_id }}/{{ run_id }}",
                    "default": "",
                },
                "max_download_bytes": {
                    "description": (
                        "A larger result is not stored, and the task fails, where a DAG gives no max_bytes. "
                        "It was billed, and stays at the service until its links expire."
                    ),
                    "version_added": "0.1.0",
                    "type": "integer",
                    "example": None,
                    "default": "2147483648",
                },
                "min_poll_interval": {
                    "description": "Shortest time between two polls of a task, in seconds; at least 1.",
                    "version_added": "0.1.0",
                    "type": "float",
                    "example": None,
                    "default": "1.0",
                },
                "max_poll_interval": {
                    "description": (
                        "Longest time between two polls of a task while its end is likely, in seconds."
                    ),
                    "version_added": "0.1.0",
                    "type": "float",
                    "example": None,
                    "default": "30.0",
                },
                "max_overdue_poll_interval": {
                    "description": "Longest time between two polls before and after that, in seconds.",
                    "version_added": "0.1.0",
                    "type": "float",
                    "example": None,
                    "default": "60.0",
                },
                "gallery": {
                    "description": (
                        "Show the gallery in the API server, at /kling/gallery and in the navigation. The "
                        "links of tasks lead to it, so set it for the workers, too."
                    ),
                    "version_added": "0.1.0",
                    "type": "boolean",
                    "example": None,
                    "default": "True",
                },
                "player_tab": {
                    "description": (
                        "Give every task of every DAG a tab with its page of the gallery. From Airflow 3.4 "
                        "on, only tasks of this provider have the tab, and this option changes nothing."
                    ),
                    "version_added": "0.1.0",
                    "type": "boolean",
                    "example": None,
                    "default": "False",
                },
                "callbacks": {
                    "description": (
                        "Receive the services' callbacks in the API server, at /kling/callbacks/<gateway>, "
                        "and let triggerers hear of them. Set it for both, and the address in the "
                        "connection's webhook_url."
                    ),
                    "version_added": "0.1.0",
                    "type": "boolean",
                    "example": None,
                    "default": "False",
                },
                "callback_secrets": {
                    "description": (
                        "Separated by spaces: the webhook secret of Kling's platform (whsec_...), and the "
                        "secret of at least 16 characters with which the address for Modellix ends."
                    ),
                    "version_added": "0.1.0",
                    "type": "string",
                    "sensitive": True,
                    "example": None,
                    "default": "",
                },
                "callback_check_interval": {
                    "description": "How often a triggerer looks for callbacks, in seconds; at least 1.",
                    "version_added": "0.1.0",
                    "type": "float",
                    "example": None,
                    "default": "5.0",
                },
            },
        }
    }


def _connection_fields() -> dict[str, Any]:
    return {
        "gateway": {
            "label": "Gateway",
            "description": "The service that the key belongs to.",
            "schema": {"type": ["string", "null"], "enum": ["modellix", "kling"], "default": "modellix"},
        },
        "region": {
            "label": "Region (gateway kling)",
            "description": "Where the account is. Not together with a base URL. Empty: global.",
            "schema": {"type": ["string", "null"], "enum": ["global", "china"]},
        },
        "api_version": {
            "label": "API version",
            "description": (
                "modellix: 2026-04 (default) or 2026-08. kling: 2026-07 (default), or v1, the only one that "
                "takes an access key. DAGs stay the same."
            ),
            "schema": {"type": ["string", "null"], "enum": ["2026-04", "2026-08", "2026-07", "v1"]},
        },
        "request_timeout": {
            "label": "Request timeout (s)",
            "description": "Longest silence while a response is read; no limit for a generation.",
            "schema": {"type": ["number", "null"], "minimum": 0.1, "maximum": 3600, "default": 30},
        },
        "requests_per_minute": {
            "label": "Requests per minute",
            "description": "Spaces this connection's requests, per process. Empty: the service's own limits.",
            "schema": {"type": ["integer", "null"], "minimum": 1, "maximum": 1_000_000},
        },
        "max_poll_interval": {
            "label": "Longest poll interval (s)",
            "description": "However unlikely a task's end is. For a sandbox, whose tasks end soon.",
            "schema": {"type": ["number", "null"], "minimum": 1, "maximum": 3600},
        },
        "webhook_url": {
            "label": "Webhook URL",
            "description": "Where the service also reports each task's end. The provider polls all the same.",
            "schema": {"type": ["string", "null"], "format": "url"},
        },
        "allow_insecure_http": {
            "label": "Allow plain http",
            "description": "Allows unencrypted HTTP to hosts other than this one, for key and results.",
            "schema": {"type": ["boolean", "null"], "default": False},
        },
        "allow_private_hosts": {
            "label": "Allow private hosts",
            "description": "Allows results from private, loopback and link-local addresses.",
            "schema": {"type": ["boolean", "null"], "default": False},
        },
    }
