"""An operator as users write them: for every ConfigMap with the label `greet` it keeps another one with a greeting."""

from typing import Any

import kopf
from kubernetes import client, config

config.load_kube_config()
core = client.CoreV1Api()


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.persistence.finalizer = "greetings.example.com/finalizer"


@kopf.on.create("", "v1", "configmaps", labels={"greet": kopf.PRESENT})
def created(name: str, namespace: str, body: kopf.Body, **_: Any) -> None:
    greeting: dict[str, Any] = {"metadata": {"name": f"greeting-{name}"}, "data": {"text": text(body)}}
    kopf.append_owner_reference(greeting)
    core.create_namespaced_config_map(namespace, greeting)


@kopf.on.update("", "v1", "configmaps", labels={"greet": kopf.PRESENT}, field="data")
def updated(name: str, namespace: str, body: kopf.Body, **_: Any) -> None:
    core.patch_namespaced_config_map(f"greeting-{name}", namespace, {"data": {"text": text(body)}})


@kopf.on.delete("", "v1", "configmaps", labels={"greet": kopf.PRESENT})
def deleted(name: str, namespace: str, **_: Any) -> None:
    core.create_namespaced_config_map(namespace, {"metadata": {"name": f"goodbye-{name}"}})


def text(body: kopf.Body) -> str:
    return f"Hello {body['data']['whom']}"
