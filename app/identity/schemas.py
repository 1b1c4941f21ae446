"""Who a key is, as the REST API writes it."""

from datetime import date

from pydantic import Field

from app.core.rest.schemas import Shown


class WorkspaceShown(Shown):
    """The book that a key opens."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["Northwind"])
    currency: str = Field(description="Of every amount of money, in minor units.", examples=["EUR"])
    time_zone: str = Field(description="Whose days are counted.", examples=["Europe/Berlin"])
    today: date = Field(
        description="The day the book is read as of: of an old export its newest day.", examples=["2026-11-20"]
    )


class KeyShown(Shown):
    """A key, without its secret."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["warehouse"])
    scopes: list[str] = Field(examples=[["book:read"]])


class Me(Shown):
    """Who asks, and what they may do."""

    workspace: WorkspaceShown
    key: KeyShown
