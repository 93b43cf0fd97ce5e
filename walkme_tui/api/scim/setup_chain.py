"""Which link of the SCIM set-up is likely missing, judged from what the server answered."""

from typing import Final

from walkme_tui.api.answers import ApiAnswer, ApiRequest, BrokenJson, Endpoint
from walkme_tui.api.retry import Failure
from walkme_tui.domain.errors import (
    HostUnknown,
    MethodRefused,
    NotFound,
    PermissionRefused,
    SignInRefused,
    UnexpectedAnswer,
)
from walkme_tui.domain.setup_chain import CONSOLE, SetupFinding, SetupLink

SCIM_ERROR: Final = b"urn:ietf:params:scim:api:messages:2.0:Error"
COPY_BASE_URL: Final = f"Copy the base URL of your tenant from {CONSOLE}."
REST_ADDRESS: Final = f"base_url is the address of the REST API, and SCIM has another one. {COPY_BASE_URL}"
NOT_SCIM: Final = (
    f"This is not the address of a SCIM server. {COPY_BASE_URL} If it is the same, check the proxy or VPN."
)
NO_COLLECTION: Final = f"There is no SCIM at base_url. {COPY_BASE_URL} If it is the same, SCIM may not be enabled."
NO_HOST: Final = f"{COPY_BASE_URL} If it is the same, check the network and the VPN."
REFUSED: Final = f"Check that SCIM is enabled, under {CONSOLE}, and that the account has the Enterprise plan."


def explained(
    failure: Failure,
    request: ApiRequest,
    answer: ApiAnswer | None,
    endpoint: Endpoint,
    *,
    username: str = "",
    is_rest_address: bool = False,
) -> Failure:
    """The failure with ``setup`` and ``hint`` of its error set, where it shows a link to be missing; else as it is.

    ``answer`` is None where none came. ``username`` is that of HTTP Basic, empty for a token; ``is_rest_address`` is
    true where the base URL is known to be that of a REST API.
    """
    error = failure.error
    finding, hint = SetupFinding(SetupLink.BASE_URL), ""
    if is_rest_address and answer is not None and _is_no_scim_answer(failure, request, answer):
        hint = REST_ADDRESS
    elif isinstance(error, SignInRefused):
        finding, hint = SetupFinding(SetupLink.TOKEN, (SetupLink.SSO,)), _token_hint(endpoint, username)
        if answer is None or SCIM_ERROR not in answer.body:
            # Other APIs refuse the token of SCIM in the same way, and so do gateways.
            finding = finding._replace(possible=(SetupLink.SSO, SetupLink.BASE_URL))
            hint = f"{hint} If it is right, check base_url."
    elif isinstance(error, HostUnknown):
        hint = NO_HOST
    elif answer is None:
        return failure
    elif isinstance(error, PermissionRefused) and _is_user_list(request) and not answer.is_web_page:
        finding, hint = SetupFinding(SetupLink.ENABLED, (SetupLink.PLAN,)), REFUSED
    elif isinstance(error, NotFound | MethodRefused) and _is_user_list(request):
        finding, hint = SetupFinding(SetupLink.BASE_URL, (SetupLink.ENABLED,)), NO_COLLECTION
    elif _is_from_elsewhere(failure, request, answer):
        hint = NOT_SCIM
    if hint:
        error.setup, error.hint = finding, hint
    return failure


def _is_no_scim_answer(failure: Failure, request: ApiRequest, answer: ApiAnswer) -> bool:
    """True for the answers that a REST API gives to SCIM calls: all refusals but those about one record."""
    refused = isinstance(failure.error, SignInRefused | PermissionRefused)
    missing = isinstance(failure.error, NotFound | MethodRefused) and _is_user_list(request)
    return refused or missing or _is_from_elsewhere(failure, request, answer)


def _is_from_elsewhere(failure: Failure, request: ApiRequest, answer: ApiAnswer) -> bool:
    """True for a redirect, a web page in place of data, and a list of users that is complete and not SCIM."""
    error = failure.error
    if answer.status >= 400 or not isinstance(error, UnexpectedAnswer):
        return False
    return answer.status >= 300 or answer.is_web_page or (_is_user_list(request) and not isinstance(error, BrokenJson))


def _is_user_list(request: ApiRequest) -> bool:
    """True for the list of users, which every SCIM server has; some answer 404 to a filter that matches nothing."""
    path, _, query = request.target.partition("?")
    return request.method == "GET" and path == "/Users" and "filter=" not in query


def _token_hint(endpoint: Endpoint, username: str) -> str:
    if username:
        return (
            f"The user name or the password was changed in the Console, or SSO is off. "
            f"The password comes from {endpoint.secret_source}."
        )
    return (
        f"The token was rotated in the Console, or SSO is off. The token comes from {endpoint.secret_source}; "
        f"a new one is made under {CONSOLE}."
    )
