"""A receipt as Markdown that says the same raw and rendered.

Everything that comes from the account stands, cleaned, in code spans: nothing in one is a link, HTML or markup for any
renderer, and it reads well where nothing is rendered at all. There are lists and no tables, because renderers disagree
on which ``|`` ends a cell.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from walkme_tui.domain.plan_files import ADD_MEMBER, SET_STATUS
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import Json

MAX_SHOWN: Final = 300
MAX_SENTENCE: Final = 600
TITLES: Final = {"offboard": "Offboarding", "deactivate": "Deactivation", "reactivate": "Reactivation", "undo": "Undo"}


def receipt_markdown(receipt: Mapping[str, Any]) -> str:
    """The Markdown of what ``receipts.receipt`` made."""
    person, account, operator = receipt["person"], receipt["account"], receipt["operator"]
    names = (person.get("firstName"), person.get("lastName"))
    name = " ".join(part for part in names if isinstance(part, str) and part)
    email = person.get("email")
    title = TITLES.get(receipt["kind"], "Change")
    lines = [
        f"# {title} of {code(email or name or person['id'])}",
        "",
        f"- Ticket: {code(receipt['ticket']) if receipt['ticket'] else 'none'}",
        f"- Job: {code(receipt['job'])}, {_word(receipt['state'])}",
        *([f"- Undoes job: {code(receipt['undoes'])}"] if receipt["undoes"] else []),
        f"- Person: {', '.join(code(part) for part in (name, email, person['id']) if isinstance(part, str) and part)}",
        f"- Operator: {code(operator['os_user'])} on {code(operator['host'])}, client {code(operator['client_id'])}",
        f"- Account: {code(account['profile'])}, {code(account['base_url'])}, {_word(account['environment'])}",
        f"- Begun: {_moment(receipt['created_at'])}",
        f"- Settled: {_moment(receipt['settled_at'])}",
        "",
        "## Before and after",
        "",
        f"- Status: {_status(receipt['before'])} -> {_status(receipt['after'])}",
        f"- Groups before: {_groups(receipt['before'])}",
        f"- Groups after: {_groups(receipt['after'])}",
        *([f"- Groups kept: {_listed(receipt['kept'])}"] if receipt["kept"] else []),
        "",
        "## Steps",
        "",
        *(_steps(receipt["steps"]) or ["None."]),
        "",
    ]
    if receipt["left_out"]:
        lines += ["## Left out", "", *(f"- {code(said, MAX_SENTENCE)}" for said in receipt["left_out"]), ""]
    lines += ["## Undo", "", _undo(receipt), "", f"Written {_moment(receipt['written_at'])}.", ""]
    return "\n".join(lines)


def code(value: object, limit: int = MAX_SHOWN) -> str:
    """Text from outside as a code span of one line, which no text can end."""
    text = clean(value if isinstance(value, str) else str(value), limit)
    if not text.strip():
        return "(blank)"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _steps(steps: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for step in steps:
        if step["call"] == SET_STATUS:
            before = code(step["before"]) if step.get("before") else "unknown"
            what = f"set status {before} -> {code(step['after'])}"
        else:
            verb = "join" if step["call"] == ADD_MEMBER else "leave"
            what = f"{verb} {code(step['group']['name'] or step['group']['id'])}"
        number = f"{step['number']}. "
        inside = " " * len(number) + "- "
        lines.append(f"{number}{what}: {_word(step['state'])}")
        if step["detail"]:
            lines.append(f"{inside}{code(step['detail'], MAX_SENTENCE)}")
        if step["sent_at"]:
            attempts = "1 attempt" if step["attempts"] == 1 else f"{step['attempts']} attempts"
            lines.append(f"{inside}sent {_moment(step['sent_at'])}, {attempts}")
        if step["settled_at"]:
            lines.append(f"{inside}settled {_moment(step['settled_at'])}")
    return lines


def _undo(receipt: Mapping[str, Any]) -> str:
    if not any(step["changed"] for step in receipt["steps"]):
        return "Nothing was changed, so there is nothing to undo."
    return f"{code(receipt['undo'])}, or with this receipt's JSON file in place of the job."


def _status(condition: Mapping[str, Any]) -> str:
    status = condition.get("status")
    return code(status) if isinstance(status, str) else "unknown"


def _groups(condition: Mapping[str, Any]) -> str:
    if "groups" not in condition:
        return "unknown"
    return _listed(condition["groups"] or ()) or "none"


def _listed(groups: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(code(group["name"] or group["id"]) for group in groups)


def _moment(moment: Json) -> str:
    """The time on the clock of the place and in UTC, to the second: ``2027-01-15 10:00:00 +02:00 (… 08:00:00 UTC)``."""
    if not isinstance(moment, dict):
        return "not yet"
    local, utc = str(moment["local"]), str(moment["utc"])
    return f"{local[:10]} {local[11:19]} {local[19:]} ({utc[:10]} {utc[11:19]} UTC)"


def _word(value: object) -> str:
    """One of our own words; receipts are made, not read, before they are shown."""
    return clean(str(value))
