"""`GET /<context>/<read model>/<id>` and `GET /<context>/<read model>`: documents, by their id and by their indexes."""

from inspect import Parameter, Signature
from typing import Annotated, Any

import orjson
from fastapi import Depends, Query, Response

from workers.core.access import Read
from workers.core.projection import Document, Index, Projection
from workers.gateway.answers import version_tag
from workers.gateway.backend import Backend
from workers.gateway.callers import Asker
from workers.gateway.cards import DEFAULT_PAGE, Cursor, Limit, missing, shown
from workers.gateway.declared.commands import Endpoint
from workers.gateway.declared.streams import stream_model, stream_parameter, with_types
from workers.gateway.history import At, document_at
from workers.gateway.kept import Kept
from workers.gateway.seen import DocumentSeenBefore, Seen, SeenBefore
from workers.history.points import Point

MAX_KEY_CHARACTERS = 512
Key = Annotated[str | None, Query(min_length=1, max_length=MAX_KEY_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f]+$")]


def document_endpoint(backend: Backend, kept: Kept, projection: Projection) -> Endpoint:
    """What answers the address of one document."""
    stream_id_type = stream_parameter(stream_model(projection.context))

    async def show(stream_id: str, seen: Seen, at: Point | None, asker: Any) -> Response:
        if at is not None:
            await backend.guard.require_stream(asker, kept, Read.PAST, stream_id)
        elif backend.guard.knows_owner_by_name(kept.context):
            backend.guard.require_card(asker, kept, stream_id, None)
        document = await document_at(backend, kept, projection, stream_id, seen, at)
        if at is None and not backend.guard.knows_owner_by_name(kept.context):
            backend.guard.require_card(asker, kept, stream_id, document)
        if document is None:
            raise missing(kept.not_found, f"There is no {kept.noun.removeprefix('the ')} {stream_id}.")
        return shown(document, tag_of(projection, document))

    if projection.sections:  # what other streams have added by then, no event of this one tells

        async def as_it_is(stream_id: Any, seen: DocumentSeenBefore, asker: Asker) -> Response:
            return await show(str(stream_id), seen, None, asker)

        return with_types(as_it_is, stream_id=stream_id_type)

    async def as_it_is_or_was(stream_id: Any, seen: DocumentSeenBefore, at: At, asker: Asker) -> Response:
        return await show(str(stream_id), seen, at, asker)

    return with_types(as_it_is_or_was, stream_id=stream_id_type)


def page_endpoint(backend: Backend, kept: Kept, projection: Projection) -> Endpoint:
    """What answers the address of all documents. Of several indexes the first narrows the page, and the others leave
    out documents of it.
    """

    async def documents(
        seen: SeenBefore, asker: Asker, indexes: Any, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
    ) -> Response:
        backend.guard.require_find(asker, kept)
        first, *others = indexes or (None,)
        page = await backend.queries.find(projection, first, limit, cursor, seen)
        matching = [document for document in page.documents if _is_under(projection, document, others)]
        return Response(orjson.dumps({"documents": matching, "cursor": page.cursor}), media_type="application/json")

    return with_types(documents, indexes=Annotated[Any, Depends(_indexes_in_query(projection))])


def tag_of(projection: Projection, document: Document) -> str:
    """The entity tag of a document. What other streams add to it changes the tag too."""
    return version_tag(document["version"], orjson.dumps(document) if projection.sections else b"")


def _is_under(projection: Projection, document: Document, indexes: "list[Any]") -> bool:
    if not indexes:
        return True
    entries = {(entry.name, entry.key) for entry in projection.indexes(document)}
    return all((index.name, index.key) in entries for index in indexes)


def _indexes_in_query(projection: Projection) -> Any:
    """The dependency that reads the projection's indexes, each a parameter of its name."""

    async def indexes(**keys: str | None) -> tuple[Index, ...]:
        given = {name: key for name, key in keys.items() if key is not None}
        return tuple(Index(name, projection.search_key(name, key)) for name, key in given.items())

    parameters = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Key) for name in projection.searchable
    ]
    indexes.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what the framework looks at
    return indexes
