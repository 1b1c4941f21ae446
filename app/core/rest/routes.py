"""The API's own description: as OpenAPI for programs, as a page for people."""

from typing import Any

from flask import Blueprint, current_app, render_template

from app.core.operations import for_anyone
from app.core.rest.documenting import document
from app.core.rest.explaining import chapters

blueprint = Blueprint("reference", __name__, url_prefix="/api", template_folder="templates")


@blueprint.get("/openapi.json")
@for_anyone
def openapi() -> dict[str, Any]:
    """Give the OpenAPI document; it says nothing of any workspace."""
    return document(current_app)


@blueprint.get("/docs")
@for_anyone
def docs() -> str:
    """Show what the document says, without anything from elsewhere."""
    described = document(current_app)
    return render_template("rest/docs.html", about=described["info"], chapters=chapters(described))
