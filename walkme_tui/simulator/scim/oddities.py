"""How SCIM servers differ from each other: switches of the simulator."""

from enum import StrEnum


class ScimOddity(StrEnum):
    """One deviation of the SCIM surface; several can be on at once."""

    PATCH_204 = "patch-204"  # PATCH answers 204 without a body
    PATCH_405 = "patch-405"  # there is no PATCH: 405
    PATCH_501 = "patch-501"  # there is no PATCH: 501
    REMOVE_PATH_REFUSED = "remove-path-refused"  # ``members[value eq "id"]`` in PATCH is a 400
    DUPLICATE_MEMBERS = "duplicate-members"  # adding a member twice lists it twice
    FILTER_IGNORED = "filter-ignored"  # a filter answers with the whole list
    FILTER_EMPTY = "filter-empty"  # a filter answers with no row
    FILTER_REFUSED = "filter-refused"  # a filter is a 400
    START_IGNORED = "start-ignored"  # every page is the first
    LARGE_COUNT_REFUSED = "large-count-refused"  # a count above 100 is a 400
    LAST_PAGE_REPEATED = "last-page-repeated"  # a page past the end repeats the last rows
    NO_TOTALS = "no-totals"  # lists without totalResults, startIndex and itemsPerPage
    TOTAL_OF_PAGE = "total-of-page"  # totalResults is the number of rows of the page
    EXCLUDED_REFUSED = "excluded-refused"  # excludedAttributes is a 400
    ACTIVE_AS_TEXT = "active-as-text"  # active is "True" or "False"
    NO_USER_GROUPS = "no-user-groups"  # users without groups
    DANGLING_MEMBERS = "dangling-members"  # groups list users who do not exist, and users who were deleted
    NO_GET_GROUP = "no-get-group"  # there is no GET /Groups/{id}: 404
    GROUP_NAME_FIXED = "group-name-fixed"  # a group cannot be renamed
    NO_DISCOVERY = "no-discovery"  # no ServiceProviderConfig, ResourceTypes and Schemas: 404
    NO_ETAGS = "no-etags"  # no ETag and no meta.version; If-Match is ignored
    HTML_ERRORS = "html-errors"  # errors are web pages
    PLAIN_JSON = "plain-json"  # application/json only; application/scim+json is a 415
    SSO_OFF = "sso-off"  # every write is accepted, and none is applied
    DIFFERS_FROM_REST = "differs-from-rest"  # some people are not as REST shows them; cannot be switched later
    DELETE_DEACTIVATES = "delete-deactivates"  # DELETE of a user sets inactive only
