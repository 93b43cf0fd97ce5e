"""Dialects of SCIM servers, by name: each is one server of ``odd_scim`` that the program must work on."""

from types import MappingProxyType
from typing import Final

from tests.support.odd_scim import Dialect

DIALECTS: Final = MappingProxyType(
    {
        "the RFC": Dialect(if_match_required=True, filters="caseless"),
        "users without groups, PATCH 204": Dialect(users_have_groups=False, patch=204, discovery=False),
        "no GET of a group, filters ignored": Dialect(
            group_by_id=404, filters="ignored", totals="none", html_errors=True
        ),
        "no GET of a group, users without groups": Dialect(
            group_by_id=405, users_have_groups=False, excluded_attributes=False, media_type="application/json"
        ),
        "PATCH 501, only PUT": Dialect(patch=501, announced_patch=False, if_match_required=True, filters="exact"),
        "PATCH 405 for users, HTML": Dialect(
            patch=405, patch_of_groups=True, html_errors=True, filters="refused", totals="text"
        ),
        "integer ids, small pages": Dialect(
            integer_ids=True,
            integer_members=True,
            count=3,
            active="text",
            media_type="application/scim+json; charset=utf-8",
        ),
        "a large count is refused": Dialect(count=5, count_status=400, filters="empty", created_body=False),
        "a large count fails": Dialect(count=10, count_status=500, empty_list_without_resources=True, html_errors=True),
        "startIndex ignored": Dialect(start_index=False, totals="none", users_have_groups=False, filters="exact"),
        "pages repeat at the end": Dialect(page_past_end_repeats=True, count=4, totals="none", active="absent"),
        "DELETE deactivates": Dialect(delete_deactivates=True, accepted_type="application/json", patch=204),
        "no filters in paths, no nested paths": Dialect(
            member_filters=400, nested_paths=False, users_have_groups=False, caseless_names=False
        ),
        "more attributes required, totals of pages": Dialect(
            emails_required=True,
            full_names_required=True,
            plain_emails=True,
            member_references=True,
            member_filters=500,
            totals="page",
            count=10,
            filters="exact",
        ),
    }
)
