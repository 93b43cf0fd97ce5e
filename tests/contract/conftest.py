"""Servers and accounts of the contract, each made once a session."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.contract_accounts import ContractAccounts


@pytest.fixture(scope="session")
def accounts() -> Iterator[ContractAccounts]:
    with ExitStack() as stack:
        yield ContractAccounts(stack)
