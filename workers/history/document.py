"""All that shares a correlation id, as a JSON document: the answer of `GET /correlations/{id}` and `annals trace
--json`. Pure.
"""

from typing import Any

from contracts.envelope import rfc3339
from workers.history.nodes import Node, span
from workers.history.tree import tree
from workers.ports.history import Correlated


def trace_document(correlation_id: str, correlated: Correlated) -> dict[str, Any]:
    """The document of these rows, which must not be empty. Times are RFC 3339."""
    nodes = tree(correlated)
    began_at, ended_at = span(nodes)
    return {
        "correlation_id": correlation_id,
        "began_at": rfc3339(began_at),
        "ended_at": rfc3339(ended_at),
        "pending": sum(node.status == "pending" for node in nodes),
        "cut": sorted(correlated.cut),
        "nodes": [node_document(node) for node in nodes],
    }


def node_document(node: Node) -> dict[str, Any]:
    """The document of one node. All kinds have `kind`, `id`, `parent`, `depth`, `type` and `at`; the rest depends on
    it.
    """
    document: dict[str, Any] = {
        "kind": node.kind,
        "id": node.id,
        "parent": node.parent,
        "depth": node.depth,
        "type": node.type,
        "at": rfc3339(node.at) if node.at else None,
    }
    match node.kind:
        case "command":
            document |= _stream(node) | {"status": node.status, "actor": node.actor}
            if node.code is not None:
                document["error"] = {"code": node.code, "message": node.message}
            if node.step is not None:
                document["step"] = {
                    "saga": node.step.saga,
                    "instance_id": node.step.instance_id,
                    "name": node.step.step,
                    "caused_at": rfc3339(node.step.caused_at),
                    "decided_at": rfc3339(node.step.decided_at),
                }
        case "event":
            document |= _stream(node) | {"actor": node.actor}
        case "saga":
            assert node.updated_at is not None
            document |= {
                "instance_id": node.stream_id,
                "status": node.status,
                "updated_at": rfc3339(node.updated_at),
            }
        case "notice":
            document |= {"instance_id": node.stream_id, "data": node.data}
    return document


def _stream(node: Node) -> dict[str, Any]:
    return {"context": node.context, "stream_id": node.stream_id, "stream_version": node.stream_version}
