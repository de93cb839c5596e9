"""The OpenAPI document, put right where the framework is wrong, and Swagger on it at `/docs`.

The page's scripts come with the package fastapi-offline, so that it works without internet; where that is not
installed they come from FastAPI's default, a public network of caches.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles

Correction = Callable[[dict[str, Any]], dict[str, Any]]

ASSETS_PATH = "/docs/assets"
DOCS_PATH = "/docs"
OPENAPI_PATH = "/openapi.json"


def assets_folder() -> Path | None:
    """Where the page's scripts lie; None when they are not installed. The package itself is not imported."""
    spec = find_spec("fastapi_offline")
    folders = [Path(place) / "static" for place in (spec.submodule_search_locations or [])] if spec else []
    return next((folder for folder in folders if (folder / "swagger-ui-bundle.js").is_file()), None)


def without_null_parameters(document: dict[str, Any]) -> dict[str, Any]:
    """The document in which no header, path or query parameter may be null: on the wire there is none.

    The framework takes Python's `str | None`, with which a parameter is left out, for a value that can be sent.
    """
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                schema = parameter["schema"]
                kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
                if len(kinds) == 1:
                    parameter["schema"] = {**kinds[0], **schema}
                elif kinds:
                    schema["anyOf"] = kinds
    return document


def install(app: FastAPI, also: Correction | None = None) -> None:
    """Add the page, and the corrections of the document: the one above, and another."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = without_null_parameters(generated())
            app.openapi_schema = also(document) if also is not None else document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the framework's own way to change the document
    folder = assets_folder()
    local: dict[str, Any] = (
        {
            "swagger_js_url": f"{ASSETS_PATH}/swagger-ui-bundle.js",
            "swagger_css_url": f"{ASSETS_PATH}/swagger-ui.css",
            "swagger_favicon_url": f"{ASSETS_PATH}/favicon.png",
        }
        if folder
        else {}
    )
    if folder:
        app.mount(ASSETS_PATH, StaticFiles(directory=folder))

    # Routes of ours, so that what holds for every route holds for these.
    @app.get(OPENAPI_PATH, include_in_schema=False)
    async def document() -> JSONResponse:
        return JSONResponse(app.openapi())

    @app.get(DOCS_PATH, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(openapi_url=OPENAPI_PATH, title=app.title, **local)
