"""The edition that tests of the ledger and of delivery share."""

from tests.delivery.conftest import edition as edition
