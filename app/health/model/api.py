"""The trainings of the churn model for machines."""

from app.core.paging import read_number
from app.core.rest.api import Answer, blueprint_of, page_of, reads
from app.health import queries, schemas
from app.health.model import promoting
from app.identity import guard

blueprint = blueprint_of(
    "models", __name__, "Models", "The trainings of the churn model, and what each says of itself."
)


@blueprint.get("/models", responses={200: schemas.Models})
@guard.allow_key("book:read")
@reads
def list_models(query: schemas.ModelsAsked) -> Answer:
    """List trainings of the churn model

    The newest first: which is in force, which was refused, and why.
    """
    rows = queries.model_versions(query.limit + 1, read_number(query.cursor))
    return page_of(schemas.Models, rows, query.limit, schemas.Model.model_validate, lambda row: (row.id,))


@blueprint.get("/models/<digits:version_id>", responses={200: schemas.ModelReport})
@guard.allow_key("book:read")
@reads
def show_model(path: schemas.ModelPath) -> schemas.ModelReport:
    """Show a training's report

    How it did on months it had not seen, beside its rivals, by horizon and segment, and what it does not know.
    """
    return schemas.ModelReport.model_validate(promoting.get_version(path.version_id))
