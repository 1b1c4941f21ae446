import numpy as np
import pandas as pd
import pytest

from app.demo.company import Company, simulate

SEEDS = (7, 8, 9)


@pytest.fixture(scope="session")
def companies() -> list[Company]:
    return [simulate(seed=seed) for seed in SEEDS]


@pytest.fixture(scope="session")
def company(companies) -> Company:
    return companies[0]


@pytest.fixture(scope="session")
def large() -> Company:
    """Enough accounts for rates to be read closely."""
    return simulate(2_000, seed=11)


def day_of(company: Company, dates: pd.Series | np.ndarray) -> np.ndarray:
    """Days since the company's first day; a day that never comes is far away."""
    days = (pd.Series(dates) - pd.Timestamp(company.first_day)).dt.days
    return days.fillna(1 << 30).to_numpy(np.int64)


def customer_months(company: Company) -> np.ndarray:
    """[n] months in the span in which each account could have left."""
    return (company.truth.hazard > 0).sum(axis=1)
