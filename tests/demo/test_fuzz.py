"""Whatever is sent, made from the project's own OpenAPI, is answered as described there, and never by a 5xx."""

import pytest

pytest.importorskip("schemathesis", reason="needs schemathesis, of the extra `dev`")
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

# Not `positive_data_acceptance`: rows of one length, or a name that is not taken yet, are more than a schema can ask.
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def fuzz(address, mode, examples):
    """Send requests of every operation, such as it asks for or such as it does not."""
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 9
    for operation in operations:
        asks = [operation.body, operation.path_parameters, operation.query]
        if mode is GenerationMode.NEGATIVE and not any(asks):
            continue  # nothing is asked for, so nothing can be wrong

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=examples, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def no_request_is_too_much(case):
            case.call_and_validate(checks=CHECKS)

        no_request_is_too_much()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_is_too_much_for_it(server, mode):
    fuzz(server[0], mode, examples=15)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_of_many_is_too_much_for_it(server, mode):
    fuzz(server[0], mode, examples=500)
